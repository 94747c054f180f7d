package rows

import "github.com/gsmservice-gateway/client-go/gen"

// UnpricedError is the error of a row whose price cannot be read, with the row, in which it is 0.
type UnpricedError struct {
	Message gen.Message
	Reason  error
}

func (e *UnpricedError) Error() string { return e.Reason.Error() }
func (e *UnpricedError) Unwrap() error { return e.Reason }
