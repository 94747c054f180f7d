package outgoing

import "runtime"

// escape is how a hook of the caller's left a goroutine of ours, if not by returning: with a panic, or with
// runtime.Goexit, as testing.T.FailNow does.
type escape struct {
	left  bool
	panic any
}

// during runs work and notes how it ends.
func (e *escape) during(work func()) {
	e.left = true
	defer func() { e.panic = recover() }()
	work()
	e.left = false
}

// raise makes the caller's goroutine leave in the same way.
func (e *escape) raise() {
	switch {
	case e.panic != nil:
		panic(e.panic)
	case e.left:
		runtime.Goexit()
	}
}
