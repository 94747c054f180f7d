// Package fewer is for tests: it makes them shorter where they need not run whole, as they do in make ci.
package fewer

import (
	"flag"
	"os"
	"sync"

	_ "pgregory.net/rapid" // which has the flag
)

const few = "20"

// Checks makes rapid try 20 examples of a property in place of 100, unless OUTGOING_FULL or -rapid.checks says otherwise. A test
// calls it, and no TestMain: go test does not see what is read of the environment before the tests.
func Checks() {
	if os.Getenv("OUTGOING_FULL") == "" {
		once()
	}
}

var once = sync.OnceFunc(func() {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		_ = checks.Value.Set(few)
	}
})
