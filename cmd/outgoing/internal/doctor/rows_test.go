package doctor_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD3_AnOddRowIsNamedByItsPointer(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		replace(a, `"id":43570,`, `"id":43570,"network_code":"26001","Kowalski":"+48999000105",`)
		replace(a, `"id":43569,`, `"id":43569,"Sent":{},`)
		replace(a, `"status_code":"QUEUED"`, `"status_code":"W kolejce"`)
		replace(a, `"type":10`, `"type":11`)
	}))
	found.is(t, doctor.Note, "members", "page 1: /5/* is not in the document, and is a string (1 of 120)")
	found.is(t, doctor.Note, "members", "page 1: /6/* is not in the document, and is an object (1 of 120)")
	found.is(t, doctor.Note, "status codes", "DELIVERED: 73, SCHEDULED: 15, SENT: 15, REJECTED: 2; 1 more that may be values of messages")
	found.is(t, doctor.Note, "types", "11: 13")
	found.othersAreGood(t, "members", "status codes", "types")

	found = examine(t, changed(func(_ *http.Request, a *response) {
		replace(a, `"price":0.32`, `"price":"dear"`)
		replace(a, `"sent_date":"2026-01-05T10:10:48Z"`, `"sent_date":"05.01.2026 10:10"`)
	}))
	found.is(t, doctor.Fail, "rows", "cannot use ")
	found.is(t, doctor.Fail, "rows", "page 1: /1 (")
	found.is(t, doctor.Note, "members", "page 1: /1/price is a string, not as the document says")
	found.is(t, doctor.Note, "members", "page 1: /1/sent_date is a string, not a date with a zone")
	found.othersAreGood(t, "rows", "members")
}

func TestD3_AnEmptyHistoryIsSkippedAndNotGood(t *testing.T) {
	found := examine(t, newGateway())
	for _, title := range []string{"rows", "order", "known ID", "last page", "page 2 of 25"} {
		found.is(t, doctor.Skipped, title, "")
	}
	found.is(t, doctor.OK, "limits", "the history has 0")
	assert.Zero(t, count(found, doctor.Fail))
	found = examine(t, newGateway(outgoingtest.SampleMessages(8)...))
	assert.Zero(t, count(found, doctor.Fail))
	found.is(t, doctor.OK, "limits", "as asked: 1, 2, 10, 25, 49, 50 (the history has 8)")
	found.is(t, doctor.Skipped, "page 2 of 25", "page 1 of 50 has only 8 rows")
}

func TestD3_AHostileNumberOfRowsIsNotLookedAt(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		a.status, a.body = http.StatusOK, "["+strings.Repeat("1,", 2_000)+"1]"
	}))
	found.is(t, doctor.Fail, "answer", "JSON that is not an array of rows, or has more than 1000")
	found = examine(t, changed(func(_ *http.Request, a *response) {
		a.status, a.body = http.StatusOK, "["+strings.Repeat(" ", 1<<20)+"]"
	}))
	found.is(t, doctor.Fail, "connection", "a body of more than 1048576 bytes")
}
