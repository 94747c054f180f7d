package rows

import "github.com/gsmservice-gateway/client-go/gen"

// Unpriced is the error of a row whose price cannot be read, with the row, in which it is 0.
type Unpriced struct {
	Message gen.Message
	Reason  error
}

func (e *Unpriced) Error() string { return e.Reason.Error() }
func (e *Unpriced) Unwrap() error { return e.Reason }
