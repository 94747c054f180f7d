package rows

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gsmservice-gateway/client-go/gen"
)

// Answer is what a body shows of the IDs that were asked for.
type Answer[T any] struct {
	Rows    []*T          // one for each ID, in their order; nil where there is none
	Odd     map[int][]Odd // by the place of its ID: the members of a row that could not be read
	Differ  []int         // places of IDs that have another row, which says something else
	NoID    error         // there is a row whose ID cannot be read: it may be that of any ID without one
	Dropped int           // rows that belong to no ID, or repeat one
}

// ByID reads the rows about some IDs. Those that came before an error are returned with it.
func ByID[T any](body []byte, ids []int64, idOf func(*T) int64, differ func(a, b *T) bool) (Answer[T], error) {
	a := Answer[T]{Rows: make([]*T, len(ids))}
	next := 0 // where the next row belongs if they come in the order asked
	err := Decode(body, func(row *T, odd []Odd) {
		id := idOf(row)
		if reason := Unidentified(id, odd); reason != nil {
			a.NoID = reason
			return
		}
		i := next
		if i == len(ids) || ids[i] != id {
			i = slices.Index(ids, id)
		}
		switch {
		case i < 0:
			a.Dropped++
		case a.Rows[i] != nil:
			a.Dropped++
			if differ(a.Rows[i], row) {
				a.Differ = append(a.Differ, i)
			}
		default:
			a.Rows[i], next = row, i+1
			if odd != nil {
				if a.Odd == nil {
					a.Odd = make(map[int][]Odd)
				}
				a.Odd[i] = odd
			}
		}
	})
	return a, err
}

// Unidentified returns why a row does not say which message it is about; nil if it does.
func Unidentified(id int64, odd []Odd) error {
	reason := cmp.Or(Unreadable(odd, ""), Unreadable(odd, "/id"))
	if reason == nil && id == 0 {
		return errors.New("the answer has a row without an ID")
	}
	return reason
}

// Unreadable returns why a member could not be read, or with the pointer "" the row itself; nil if it could.
func Unreadable(odd []Odd, pointer string) error {
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

// UnpricedError is the error of a row whose price cannot be read, with the row, in which it is 0.
type UnpricedError struct {
	Message gen.Message
	Reason  error
}

func (e *UnpricedError) Error() string { return e.Reason.Error() }
func (e *UnpricedError) Unwrap() error { return e.Reason }
