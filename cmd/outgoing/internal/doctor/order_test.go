package doctor_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD5_TheOrderIsNamed(t *testing.T) {
	for _, c := range map[string]struct {
		compare func(a, b outgoing.Message) int
		verdict doctor.Verdict
		text    string
	}{
		"sent_date": {bySentDate, doctor.Note, "by sent_date, newest first, and not by ID, in 120 rows: a scheduled message may move"},
		"neither":   {func(a, b outgoing.Message) int { return int(a.ID*7919%samples - b.ID*7919%samples) }, doctor.Fail, "by neither ID nor sent_date, newest first: of 119 neighbours "},
		"oldest":    {func(a, b outgoing.Message) int { return int(b.ID - a.ID) }, doctor.Fail, "of 119 neighbours 119 are not in the order of IDs"},
	} {
		found := examine(t, sortedBy(c.compare))
		found.is(t, c.verdict, "order", c.text)
		found.othersAreGood(t, "order", "SCHEDULED rows", "50 IDs")
	}
	found := examineTo(t, "SCHEDULED rows", sortedBy(bySentDate))
	found.is(t, doctor.Note, "SCHEDULED rows", "15 of 120 rows; neighbours that they put out of order: 1 by ID, 0 by sent_date")
}

func TestD5_WhatCannotBeToldApartIsANote(t *testing.T) {
	messages := outgoingtest.SampleMessages(samples)
	for i := range messages {
		messages[i].SentDate, messages[i].StatusCode = messages[i].StatusDate, "QUEUED"
		messages[i].SentDate = new(messages[0].SentDate.Add(time.Duration(i) * time.Minute))
	}
	found := examine(t, newGateway(messages...))
	found.is(t, doctor.Note, "order", "by ID and by sent_date alike in 120 rows")
	found.is(t, doctor.Skipped, "SCHEDULED rows", "there is none among 120 rows")
	found.othersAreGood(t, "order", "SCHEDULED rows")
}

func TestD5_AnOrderThatChangesIsAFail(t *testing.T) {
	requests := 0
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if requests++; requests/2%2 == 0 {
			replace(a, `"id":43570,`, `"id":9,`)
			replace(a, `"id":43569,`, `"id":43570,`)
			replace(a, `"id":9,`, `"id":43569,`)
		}
	}))
	found.is(t, doctor.Fail, "page 2 of 25", "the same rows in another order the second time")
}
