// Package rows reads a body of JSON rows, and problem documents. A row or a member that cannot be read is skipped and reported,
// and does not spoil the others.
package rows

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/header"
)

// A body is read in one go first, as the contract has it. If that fails, it is read row by row, and a row that is not as the
// contract has it member by member: two members of the same name may contradict each other.
var (
	plain    = jsontext.AllowInvalidUTF8(true)
	tolerant = json.JoinOptions(plain, jsontext.AllowDuplicateNames(true))
)

// A page has at most 50 rows, in some 20 KiB. These bound the memory and the work that a hostile body takes.
const (
	pageRows   = 50
	maxAtOnce  = 64 << 10 // bytes of a body whose rows are all in memory at once
	maxRow     = 64 << 10 // bytes of a row
	maxBadRows = 1000
)

// WithoutBOM returns the body as JSON: some servers put a byte order mark before it.
func WithoutBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

var (
	// ErrTruncated means that a body ends before its rows do.
	ErrTruncated = fmt.Errorf("the body broke off: the JSON ends too early: %w", io.ErrUnexpectedEOF)
	// ErrSyntax means that a body is not JSON.
	ErrSyntax = errors.New("the body is not JSON")
)

// Decode reads a body that is one JSON array, or an object whose members are numbered, as PHP writes a list with gaps. It
// hands each row over in turn, with the members that could not be read. The error says that the body as a whole is neither, or
// matches [ErrTruncated] or [ErrSyntax]; the rows before that have been handed over.
func Decode[T any](body []byte, each func(row *T, odd []OddMember)) error {
	body = WithoutBOM(body)
	if all, ok := readAtOnce[T](body); ok {
		for i := range all {
			each(&all[i], nil)
		}
		return nil
	}
	bad := 0
	return readRows(body, func(raw jsontext.Value) error {
		var odd []OddMember
		row := new(T)
		switch {
		case len(raw) > maxRow:
			odd = []OddMember{{"", fmt.Sprintf("has more than %d bytes", maxRow)}}
		case json.Unmarshal(raw, row, plain) != nil:
			row = new(T)
			odd = Object(raw, row)
		}
		if len(odd) > 0 && odd[0].Pointer == "" {
			if bad++; bad > maxBadRows {
				return fmt.Errorf("more than %d unreadable rows", maxBadRows)
			}
		}
		each(row, odd)
		return nil
	})
}

// readAtOnce reads an array each of whose rows is as the contract has it. It reports whether the body is one.
func readAtOnce[T any](body []byte) (all []T, ok bool) {
	if len(body) > maxAtOnce || jsontext.Value(body).Kind() != '[' {
		return nil, false
	}
	all = make([]T, 0, min(pageRows, bytes.Count(body, []byte("{"))))
	err := json.Unmarshal(body, &all, plain)
	return all, err == nil
}

// readRows calls read with each row of a body.
func readRows(body []byte, read func(jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), tolerant)
	start, err := dec.ReadToken()
	numbered := start.Kind() == '{' && dec.PeekKind() == '"'
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it is empty", ErrSyntax)
	case err != nil:
		return bodyError(err)
	case start.Kind() != '[' && !numbered:
		return notRows(start.Kind())
	}
	for dec.PeekKind() != ']' && dec.PeekKind() != '}' {
		if numbered && dec.PeekKind() == '"' { // anything else fails as a value
			name, err := dec.ReadToken()
			switch {
			case err != nil:
				return bodyError(err)
			case !header.IsDigits(name.String()):
				return notRows('{')
			}
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return bodyError(err)
		}
		if err := read(raw); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return bodyError(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it goes on after its rows", ErrSyntax)
	}
	return nil
}

func notRows(k jsontext.Kind) error {
	return fmt.Errorf("the body is not an array of rows: it starts with %s", describe(k))
}

// bodyError distinguishes a truncated body, which is retried, from invalid JSON.
func bodyError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	// Not the error itself: it holds on to the bytes of the body, and its text names members of it, cut and escaped, in
	// which an echoed token would no longer be recognised.
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("%w: %v, at byte %d", ErrSyntax, syntax.Err, syntax.ByteOffset) //nolint:errorlint // see above
	}
	return ErrSyntax
}

// Row is what an answer shows of one message.
type Row[T any] struct {
	Value *T    // nil if there is no row
	Err   error // why the row cannot be used or, without one, why it may be there all the same; nil if neither
}

// Answer is what a body shows of the IDs that were asked for.
type Answer[T any] struct {
	Rows    []Row[T]    // one for each ID, in their order
	Odd     []OddMember // the members of these rows that could not be read
	Dropped int         // rows that belong to no ID, or repeat one
}

// Messages reads the rows about some IDs. One whose price cannot be read has an Err. Of a body that broke off, which is
// [ErrTruncated], the rows that came whole are returned; with any other error none.
func Messages(body []byte, ids []int64) (Answer[gen.Message], error) {
	return byID(body, ids, "/price", func(m *gen.Message) int64 { return m.ID }, func(_, _ *gen.Message) bool { return false })
}

// Cancelled is [Messages] for cancelled messages. A row has an Err if its status cannot be read, or another row for its ID has
// another one.
func Cancelled(body []byte, ids []int64) (Answer[gen.CancelledMessage], error) {
	return byID(body, ids, "/status", func(m *gen.CancelledMessage) int64 { return m.ID },
		func(a, b *gen.CancelledMessage) bool { return a.Status != b.Status })
}

var errDiffer = errors.New("the answer has rows for this ID that contradict each other")

func byID[T any](
	body []byte, ids []int64, required string, idOf func(*T) int64, differ func(a, b *T) bool,
) (a Answer[T], err error) {
	a.Rows = make([]Row[T], len(ids))
	err = Decode(body, func(row *T, odd []OddMember) {
		id := idOf(row)
		if reason := Unidentified(id, odd); reason != nil { // it may be about any ID without a row
			for i := range a.Rows {
				if a.Rows[i].Value == nil {
					a.Rows[i].Err = reason
				}
			}
			return
		}
		switch i := slices.Index(ids, id); {
		case i < 0:
			a.Dropped++
		case a.Rows[i].Value == nil:
			a.Rows[i] = Row[T]{row, Unreadable(odd, required)}
			a.Odd = append(a.Odd, odd...)
		default:
			a.Dropped++
			if differ(a.Rows[i].Value, row) {
				a.Rows[i].Err = cmp.Or(a.Rows[i].Err, errDiffer)
			}
		}
	})
	if err != nil && !errors.Is(err, ErrTruncated) {
		clear(a.Rows)
		a.Odd = nil
	}
	return a, err
}

// Unidentified returns why a row does not say which message it is about; nil if it does.
func Unidentified(id int64, odd []OddMember) error {
	reason := cmp.Or(Unreadable(odd, ""), Unreadable(odd, "/id"))
	if reason == nil && id == 0 {
		return errors.New("the answer has a row without an ID")
	}
	return reason
}

// Unreadable returns why a member could not be read, or with the pointer "" the row itself; nil if it could.
func Unreadable(odd []OddMember, pointer string) error {
	for _, o := range odd {
		switch {
		case o.Pointer != pointer:
		case pointer == "":
			return fmt.Errorf("the answer has an unreadable row: it %s", o.Reason)
		default:
			return fmt.Errorf("the answer has an unreadable row: %s is %s", pointer, o.Reason)
		}
	}
	return nil
}

// UnpricedError is the Err of a message without a readable price, with the message, in which it is 0.
type UnpricedError struct {
	Message gen.Message
	Reason  error
}

func (e *UnpricedError) Error() string { return e.Reason.Error() }
func (e *UnpricedError) Unwrap() error { return e.Reason }
