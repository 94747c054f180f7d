package rows

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gsmservice-gateway/client-go/gen"
)

// Row is what an answer shows of one ID that was asked for.
type Row[T any] struct {
	Value    T
	Found    bool
	Differs  bool  // the ID has another row, which says something else
	Odd      []Odd // members of Value that could not be read
	Unusable error // there is no row of this ID, and one whose ID cannot be read may be it
}

// ByID reads the rows of an answer and returns one for each of the IDs asked for, in their order, and how many rows belong to
// none of them or repeat one. The rows that came before an error are returned beside it.
func ByID[T any](body []byte, ids []int64, idOf func(*T) int64, differ func(a, b *T) bool) (found []Row[T], dropped int, err error) {
	found = make([]Row[T], len(ids))
	var noID error
	next := 0 // where the next row belongs if they come in the order asked
	err = Decode(body, func(row *T, odd []Odd) {
		id := idOf(row)
		if reason := Unidentified(id, odd); reason != nil {
			noID = reason
			return
		}
		i := next
		if i == len(ids) || ids[i] != id {
			i = slices.Index(ids, id)
		}
		switch {
		case i < 0:
			dropped++
		case found[i].Found:
			dropped++
			found[i].Differs = found[i].Differs || differ(&found[i].Value, row)
		default:
			found[i].Value, found[i].Found, found[i].Odd = *row, true, odd
			next = i + 1
		}
	})
	for i := range found {
		if !found[i].Found {
			found[i].Unusable = noID
		}
	}
	return found, dropped, err
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
