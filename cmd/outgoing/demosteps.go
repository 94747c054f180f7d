package main

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/govalues/decimal"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// sample is the ID of the nth sample message, from 0 on; every eighth, from 7 on, is scheduled.
func sample(n int) int64 { return outgoingtest.SampleMessages(1)[0].ID + int64(n) }

func (t *tour) lookUp() {
	t.title("Look up more messages than one request may name", "client.GetByIDs(ctx, ids)")
	var ids []int64
	for n := range demoSamples {
		ids = append(ids, sample(n))
	}
	ids = append(ids, sample(0), sample(1), sample(2)) // again
	ids = append(ids, 7, 8)                            // nobody's
	result, err := t.client.GetByIDs(t.ctx, ids)
	t.fail(err)
	t.messages(result.Messages[:min(3, len(result.Messages))])
	t.print("     ... and %d more\n\n", max(len(result.Messages)-3, 0))
	t.print("   %d IDs, 3 of them twice: %d found, in the order asked; missing: %s. What was sent:\n\n",
		len(ids), len(result.Messages), display.IDs(result.Missing))
	t.requests()
}

func (t *tour) cancel() {
	t.title("Cancel what can still be stopped, while the gateway asks for patience", "client.CancelScheduled(ctx, ids)")
	t.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Status: http.StatusTooManyRequests})
	result, err := t.client.CancelScheduled(t.ctx, []int64{sample(7), sample(15), sample(23), sample(0), 7})
	t.outcomes(result, err)
	t.print("   Each ID has an outcome of its own. The 429 was tried again:\n\n")
	t.requests()
}

func (t *tour) list() {
	t.title("Read a page of the history, from a gateway that fails at first", "client.List(ctx, outgoing.PageRequest{Page: 2, Limit: 3})")
	t.gateway.Inject(outgoingtest.Fault{Status: http.StatusServiceUnavailable})
	page, err := t.client.List(t.ctx, outgoing.PageRequest{Page: 2, Limit: 3})
	t.fail(err)
	t.messages(page.Messages)
	t.print("\n   Newest first. The response headers said: %s.\n\n", describePage(page))
	t.requests()
}

func (t *tour) walk() {
	t.title("Read all of it, while new messages push the pages along", "for message, err := range client.All(ctx) { ... }")
	arrived := 0
	t.gateway.Inject(outgoingtest.Fault{
		Times:  3,
		Match:  func(r *http.Request) bool { return r.FormValue("page") != "1" },
		Before: func(g *outgoingtest.Gateway) { arrived += len(g.Add(make([]outgoing.Message, 7)...)) },
	})
	seen := make(map[int64]int)
	total := decimal.Zero
	inTurn := outgoing.WithConcurrency(1) // so that the demo looks the same each time
	for message, err := range t.client.All(t.ctx, inTurn) {
		if err != nil {
			t.fail(err)
			return
		}
		seen[message.ID]++
		sum, err := total.Add(message.Price.Decimal)
		t.fail(err)
		total = sum
	}
	twice := 0
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	t.print("   There were %d messages, and %d more arrived meanwhile. Delivered: %d, more than once: %d.\n"+
		"   They cost %s PLN, and not a grosz more or less: prices are decimals.\n\n", demoSamples, arrived, len(seen), twice, total)
	t.requests()
}

func (t *tour) partly() {
	t.title("Keep what was found when a part fails", "result, err := client.GetByIDs(ctx, ids)")
	ids := make([]int64, 110)
	for n := range ids {
		ids[n] = sample(n)
	}
	t.gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(sample(60)), Times: 2, Status: http.StatusInternalServerError})
	result, err := t.client.GetByIDs(t.ctx, ids, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2, InitialInterval: demoInterval}))
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	if !ok {
		t.fail(cmp.Or(err, errors.New("the injected failure did not happen")))
		return
	}
	t.print("   %d found; %d IDs not settled, and the error names them, from %d on:\n     %s\n\n",
		len(result.Messages), len(batch.IDs()), batch.IDs()[0], output.WithoutPrefix(err))
	t.requests()
}

func (t *tour) doubt() {
	t.title("Never claim what nobody knows: a cancel whose answer is lost", "client.CancelScheduled(ctx, ids)")
	t.gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Drop: true, AfterWork: true})
	result, err := t.client.CancelScheduled(t.ctx, []int64{sample(31)})
	t.outcomes(result, err)
	t.print("   The second attempt was refused, which may be the first one's doing; so the message was looked up:\n\n")
	t.requests()
}

func (t *tour) messages(messages []outgoing.Message) {
	table, err := output.New("table", indented{t}, output.Messages, t.style)
	t.fail(err)
	for _, m := range messages {
		t.fail(table.Write(m))
	}
}

func (t *tour) outcomes(result outgoing.CancelResult, err error) {
	reasons := reasonsByID(err)
	if len(reasons) == 0 {
		t.fail(err)
	}
	table, err := output.New("table", indented{t}, output.Outcomes, t.style)
	t.fail(err)
	for _, o := range result.Outcomes {
		t.fail(table.Write(output.Outcome{Outcome: o, Err: reasons[o.ID]}))
	}
	t.print("\n")
}

// indented sets a table apart from the text.
type indented struct{ *tour }

func (t indented) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		t.print("     %s", line)
	}
	return len(p), t.failed
}

// compareUpTo compares two lines by what is before a mark.
func compareUpTo(a, b, mark string) int {
	a, _, _ = strings.Cut(a, mark)
	b, _, _ = strings.Cut(b, mark)
	return strings.Compare(a, b)
}
