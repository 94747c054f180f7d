package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// cancelling is a cancel under way.
type cancelling struct {
	*session
	out    output.Writer[output.Outcome]
	unread error // why results can no longer be written; the work goes on

	refused            error // the token is not accepted: nothing more is to be sent
	counts             map[outgoing.State]int
	foreign            int // IDs that the gateway says it does not know
	requests, attempts int
	sandbox            *bool
}

// group cancels some messages and reports what became of each.
func (c *cancelling) group(ids []int64) {
	var (
		result outgoing.CancelResult
		err    error
	)
	switch {
	case c.interrupted.Load():
		err = interrupt.ErrInterrupted
	case c.refused != nil:
		err = fmt.Errorf("stopped: %s", output.WithoutPrefix(c.refused))
	default:
		c.doubtful.Store(&ids)
		defer c.doubtful.Store(nil)
		result, err = c.client.CancelScheduled(c.ctx, ids)
	}
	if len(result.Outcomes) == 0 { // nothing was tried
		for _, id := range ids {
			result.Outcomes = append(result.Outcomes, outgoing.Outcome{ID: id, State: outgoing.NotSent})
		}
	}
	c.refused = cmp.Or(c.refused, refusal(err))
	c.requests += result.Requests
	c.attempts += result.Attempts
	if result.Sandbox != nil {
		c.sandbox = result.Sandbox
	}
	reasons := reasonsByID(err)
	for _, o := range result.Outcomes {
		reason, failed := reasons[o.ID]
		if !failed && o.State == outgoing.NotSent {
			reason = err
		}
		c.counts[o.State]++
		if o.State == outgoing.Rejected && o.Status == http.StatusNotFound && !failed { // another server's 404 does not speak of IDs
			c.foreign++
		}
		c.counter.Done.Add(1)
		if o.State != outgoing.Cancelled {
			c.counter.Failed.Add(1)
		}
		c.write(c.out.Write(output.Outcome{Outcome: o, Err: reason}))
	}
}

// refusal returns the gateway's answer that it does not accept the token, if err has one.
func refusal(err error) error {
	if !errors.Is(err, outgoing.ErrUnauthorized) && !errors.Is(err, outgoing.ErrForbidden) {
		return nil
	}
	if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
		for _, f := range batch.Failures {
			if err := refusal(f.Err); err != nil {
				return err // without the IDs of its request
			}
		}
	}
	return err
}

// write notes that results have no reader any more.
func (c *cancelling) write(err error) {
	if c.unread == nil {
		c.unread = err
	}
}

func reasonsByID(err error) map[int64]error {
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	if !ok {
		return nil
	}
	reasons := make(map[int64]error)
	for _, f := range batch.Failures {
		for _, id := range f.IDs {
			reasons[id] = f.Err
		}
	}
	return reasons
}

// conclude says how it went.
func (c *cancelling) conclude() error {
	total := 0
	for _, n := range c.counts {
		total += n
	}
	c.note("%d cancelled, %d rejected, %d unknown, %d not sent (%s, %s)", c.counts[outgoing.Cancelled],
		c.counts[outgoing.Rejected], c.counts[outgoing.Unknown], c.counts[outgoing.NotSent],
		display.Plural(c.requests, "request", "requests"), display.Plural(c.attempts, "attempt", "attempts"))
	if n := c.counts[outgoing.NotSent]; n > 0 {
		c.note("The %s not sent %s untouched.", display.Plural(n, "message", "messages"), map[bool]string{true: "is", false: "are"}[n == 1])
	}
	if c.sandbox != nil && *c.sandbox {
		c.note("The gateway says that this was its test system.")
	}
	if total > 0 && c.foreign == total {
		c.sayAllUnknown()
	}
	if errors.Is(c.refused, outgoing.ErrUnauthorized) {
		c.say("outgoing: the gateway does not accept the token; check %s", c.tokenSource())
	}
	if c.unread != nil {
		c.say("outgoing: the results could not all be written: %v", c.unread)
	}
	switch {
	case c.interrupted.Load():
		return statusError(exitInterrupted)
	case c.counts[outgoing.Cancelled] < total:
		return statusError(exitUnsettled)
	case c.unread != nil && !errors.Is(c.unread, terminal.ErrReaderGone):
		return statusError(exitUsage) // a full disk: the results are lost, and a script had better not go on
	}
	return nil
}
