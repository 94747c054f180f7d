package doctor_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
)

func TestD4_HeadersThatAreAbsentAreNotes(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		for name := range a.header {
			if name != "Content-Type" {
				delete(a.header, name)
			}
		}
	}))
	for _, title := range []string{"X-Limit", "X-Current-Page", "X-Total-Results", "X-Total-Pages", "Link"} {
		found.is(t, doctor.Note, title, "right on 0 pages, absent or not readable on 9")
	}
	found.is(t, doctor.Note, "known ID", "X-Success-Count or X-Error-Count is absent")
	found.is(t, doctor.Skipped, "last page", "X-Total-Results does not say")
	assert.Zero(t, count(found, doctor.Fail))
	found.is(t, doctor.OK, "page 2 of 25", "")
	found.is(t, doctor.OK, "order", "by ID")
}

func TestD4_HeadersThatContradictTheRowsAreAFail(t *testing.T) {
	for title, value := range map[string]string{"X-Limit": "20", "X-Current-Page": "0", "X-Total-Pages": "7", "X-Total-Results": "3"} {
		found := examineTo(t, title, changed(func(_ *http.Request, a *response) {
			if a.header.Get(title) != "" {
				a.header.Set(title, value)
			}
		}))
		found.is(t, doctor.Fail, title, "says "+value)
	}
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if a.header.Get("X-Limit") != "" {
			a.header.Set("X-Limit", "ten")
		}
	}))
	found.is(t, doctor.Note, "X-Limit", "not readable on 9")
	found.othersAreGood(t, "X-Limit")
	found = examineTo(t, "Link", changed(func(r *http.Request, a *response) {
		if page := r.FormValue("page"); page != "" {
			a.header.Set("Link", `<https://elsewhere.test/messages?page=9>; rel="next"`)
		}
	}))
	found.is(t, doctor.Note, "Link", "is not as it should be")
}
