// Package rows reads a body of JSON rows, and problem documents. A row or a member that cannot be read is skipped and reported,
// and does not spoil the others.
package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/internal/header"
)

// A body is read in one go first, as the contract has it. If that fails, it is read row by row, and a row that is not as the
// contract has it member by member: two members of the same name may contradict each other.
var (
	strict   = jsontext.AllowInvalidUTF8(true)
	harmless = json.JoinOptions(strict, jsontext.AllowDuplicateNames(true))
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
func Decode[T any](body []byte, each func(row *T, odd []Odd)) error {
	body = WithoutBOM(body)
	if all, ok := readAtOnce[T](body); ok {
		for i := range all {
			each(&all[i], nil)
		}
		return nil
	}
	members, bad := newCareful(), 0
	return readRows(body, func(raw jsontext.Value) error {
		var odd []Odd
		row := new(T)
		switch {
		case len(raw) > maxRow:
			odd = []Odd{{"", fmt.Sprintf("has more than %d bytes", maxRow)}}
		case json.Unmarshal(raw, row, strict) != nil:
			row = new(T)
			odd = members.object(raw, row)
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
	err := json.Unmarshal(body, &all, strict)
	return all, err == nil
}

// readRows calls read with each row of a body.
func readRows(body []byte, read func(jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), harmless)
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
