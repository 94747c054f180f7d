// Package fewer is for tests: it makes them shorter where they need not run whole, as they do in make ci.
package fewer

import (
	"flag"
	"os"
	"sync"

	_ "pgregory.net/rapid" // which has the flag
)

// Full reports whether tests run whole, as make ci has them, and not only at their corners. It is asked in tests: go test does not
// see what a package reads when it is initialized, and would take an old result for a new one.
func Full() bool { return os.Getenv("OUTGOING_FULL") != "" }

const few = "20"

// Checks makes rapid try 20 examples of a property in place of 100, unless OUTGOING_FULL or -rapid.checks says otherwise. A test
// calls it, and no TestMain, as with Full.
func Checks() {
	if !Full() {
		once()
	}
}

var once = sync.OnceFunc(func() {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		_ = checks.Value.Set(few)
	}
})
