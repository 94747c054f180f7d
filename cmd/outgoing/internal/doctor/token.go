package doctor

import (
	"context"
	"fmt"
	"net/http"
)

// checkToken is D2: whether the token is let in, and whether a GET says which system it reached.
func checkToken(ctx context.Context, x *examination) []Result {
	a, err := x.list(ctx, 1, 1)
	if err != nil {
		return []Result{skip("token", err), skip("X-Sandbox", err)}
	}
	accepted := tokenResult(a)
	if accepted.Verdict != OK {
		return []Result{accepted, skip("X-Sandbox", a.unusable())}
	}
	return []Result{accepted, sandboxResult(a)}
}

func tokenResult(a *answer) Result {
	const title, promise = "token", "B6: a 401 or 403 stops a call: nothing more is sent"
	switch _, err := a.rows(); {
	case a.status == http.StatusUnauthorized:
		return fail(title, "refused, %s: is it whole, is it valid still, and is it one of this system? (the test system may have others)",
			a.describe()).resting(promise)
	case a.status == http.StatusForbidden:
		return fail(title, "refused, %s: a token can be bound to IP addresses in the vendor's panel; is this machine's among them?",
			a.describe()).resting(promise)
	case err != nil:
		return skip(title, fmt.Errorf("%w, which says nothing about it", err))
	}
	return ok(title, "accepted")
}

func sandboxResult(a *answer) Result {
	const title = "X-Sandbox"
	switch value, meta := a.header.Get(title), a.meta(); {
	case len(a.header.Values(title)) == 0:
		return ok(title, "not on a GET (documented is only that of a cancel)")
	case meta.Sandbox == nil:
		return note(title, "spelled %s, which the library does not read", maskFlag(value)).
			resting("M2: true, false, 1 and 0 are read; with anything else Meta.Sandbox is nil")
	default:
		return ok(title, "on a GET too: %s", maskFlag(value))
	}
}
