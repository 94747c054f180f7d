package doctor

import (
	"context"
	"net/http"
	"slices"
)

// wrongToken is one that no account has.
const wrongToken = "not-a-token-but-a-check-by-outgoing-doctor"

// checkErrors is D7: how the gateway refuses what it does not accept.
func checkErrors(ctx context.Context, x *examination) []Result {
	wrong := request{name: "error-wrong-token", target: "/messages?page=1&limit=1", token: wrongToken}
	page := request{name: "error-page-0", target: "/messages?page=0&limit=1"}
	limit := request{name: "error-limit-51", target: "/messages?page=1&limit=51"}
	path := request{name: "error-path", target: "/there-is-no-such-path"}
	return []Result{
		x.refusal(ctx, "wrong token", wrong, "B6: a 401 or 403 stops a call", http.StatusUnauthorized, http.StatusForbidden),
		x.refusal(ctx, "limit 51", limit, "the library never asks for more than 50", http.StatusBadRequest),
		x.refusal(ctx, "page 0", page, "the library never asks for it", http.StatusBadRequest),
		x.unknownPath(ctx, path),
	}
}

// refusal expects one of these statuses, with a problem document.
func (x *examination) refusal(ctx context.Context, title string, req request, promise string, want ...int) Result {
	a, err := x.ask(ctx, req)
	if err != nil {
		return skip(title, err)
	}
	_, isProblem := a.problem()
	rows, rowsErr := a.rows()
	switch {
	case req.token == "" && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden),
		a.status >= http.StatusInternalServerError:
		return skip(title, a.unusable())
	case slices.Contains(want, a.status) && !isProblem:
		return fail(title, "%s; documented is a problem document", a.describe()).resting("E1: it is an *APIError all the same, with a zero Problem")
	case slices.Contains(want, a.status) && a.contentType() != "application/problem+json":
		return note(title, "%s", a.describe()).resting("E1: it is read as a problem document by its members")
	case a.status == want[0]:
		return ok(title, "%s", a.describe()).resting(promise)
	case slices.Contains(want, a.status):
		return note(title, "%s", a.describe()).resting(promise)
	case req.token != "" && rowsErr == nil:
		return fail(title, "200 with %s: any token is let in", rowCount(len(rows))).resting(promise)
	case rowsErr == nil:
		return note(title, "200 with %s", rowCount(len(rows))).resting(promise)
	case req.token == "" || a.status/100 == 4:
		return note(title, "%s", a.describe()).resting(promise)
	}
	return fail(title, "%s", a.describe()).resting(promise)
}

func (x *examination) unknownPath(ctx context.Context, req request) Result {
	const title = "unknown path"
	a, err := x.ask(ctx, req)
	if err != nil {
		return skip(title, err)
	}
	_, isProblem := a.problem()
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= http.StatusInternalServerError:
		return skip(title, a.unusable())
	case a.status == http.StatusNotFound && isProblem:
		return ok(title, "%s", a.describe()).
			resting("B7: with a wrong base URL every ID is missing, and a warning is logged")
	case a.status == http.StatusNotFound:
		return ok(title, "%s, which a wrong base URL can be told by", a.describe()).resting("B7: a 404 without a problem document is an error")
	}
	return note(title, "%s, not a 404", a.describe()).resting("E3: a 200 that is not an array of rows is an error")
}
