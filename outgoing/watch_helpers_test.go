package outgoing_test

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// watch is what a watch yields until it ends.
func watch(ctx context.Context, client *outgoing.Client, w outgoing.WatchRequest, opts ...outgoing.Option) []told {
	start := time.Now()
	var all []told
	for m, err := range client.Watch(ctx, w, opts...) {
		all = append(all, told{time.Since(start), m.ID, m.StatusCode, err})
	}
	return all
}

// statusesOf are the statuses that were yielded of an ID, in their order.
func statusesOf(all []told, id int64) []string {
	var statuses []string
	for _, one := range all {
		if one.id == id && one.err == nil {
			statuses = append(statuses, one.status)
		}
	}
	return statuses
}

// errorsOf are the errors that were yielded.
func errorsOf(all []told) []error {
	var errs []error
	for _, one := range all {
		if one.err != nil {
			errs = append(errs, one.err)
		}
	}
	return errs
}

// moves gives a message its next status each time that a while has passed.
func moves(g *outgoingtest.Gateway, id int64, each time.Duration, codes ...string) {
	for i, code := range codes {
		time.AfterFunc(time.Duration(i)*each, func() { g.Add(message(id, code)) })
	}
	synctest.Wait()
}
