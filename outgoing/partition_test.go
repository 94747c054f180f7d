package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

const delivered = "DELIVERED"

// trouble is a call about many IDs, and all that goes wrong meanwhile.
type trouble struct {
	asked       []int64
	gone        []int64 // the gateway never heard of these
	sent        []int64 // and these it cannot cancel any more
	faults      []outgoingtest.Fault
	concurrency int
	retry       outgoing.Retry
	timeout     time.Duration // of the context
}

const mostAsked = 400

func drawTrouble(t *rapid.T) trouble {
	// Drawn slices are mostly short, and these must be long enough for many requests.
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	some := func(what string, sizes ...int) []int64 {
		some := make([]int64, rapid.SampledFrom(sizes).Draw(t, what))
		for i := range some {
			some[i] = 1 + random.Int64N(mostAsked)
		}
		return some
	}
	return trouble{
		asked:       some("asked", 400, 1000, 200, 101, 100, 51, 50, 7, 1),
		gone:        some("gone", 0, 10, 60),
		sent:        some("sent", 0, 10, 60),
		faults:      rapid.SliceOfN(rapid.Custom(drawFault), rapid.SampledFrom([]int{0, 1, 3, 10, 30}).Draw(t, "least faults"), 30).Draw(t, "faults"),
		concurrency: rapid.IntRange(1, 16).Draw(t, "concurrency"),
		retry:       outgoing.Retry{MaxAttempts: rapid.IntRange(1, 5).Draw(t, "attempts")},
		timeout:     rapid.SampledFrom([]time.Duration{time.Hour, time.Hour, time.Minute, 5 * time.Second, 100 * time.Millisecond}).Draw(t, "timeout"),
	}
}

// drawFault is a fault that tells no lies: an answer may be lost, but none says what did not happen.
func drawFault(t *rapid.T) outgoingtest.Fault {
	f := outgoingtest.Fault{
		Match:     outgoingtest.HasID(rapid.Int64Range(1, mostAsked).Draw(t, "ID")),
		Method:    rapid.SampledFrom([]string{"", http.MethodGet, http.MethodDelete}).Draw(t, "method"),
		Times:     rapid.IntRange(1, 3).Draw(t, "times"),
		AfterWork: rapid.Bool().Draw(t, "after work"),
		Delay:     rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Minute}).Draw(t, "delay"),
	}
	switch kind := rapid.SampledFrom([]string{"drop", "lost", "refused", "HTML 404", "truncated", "garbage", "bad rows", "omitted", "late"}).Draw(t, "kind"); kind {
	case "drop":
		f.Drop = true
	case "lost":
		f.Status = rapid.SampledFrom([]int{201, 202, 204, 206, 302, 500, 501, 502, 503, 504}).Draw(t, "status")
		f.RetryAfter = rapid.SampledFrom([]string{"", "", "2", "1000000000000000000"}).Draw(t, "retry after")
	case "refused", "HTML 404":
		f.AfterWork = false
		f.Status = rapid.SampledFrom([]int{400, 401, 403, 404, 404, 408, 422, 429, 429}).Draw(t, "status")
		f.RetryAfter = rapid.SampledFrom([]string{"", "", "2", "300"}).Draw(t, "retry after")
		if kind == "HTML 404" {
			f.Status, f.Body = 404, new("<html>No such page</html>")
		}
	case "truncated":
		f.Truncate = rapid.IntRange(-1, 5000).Draw(t, "bytes")
	case "garbage":
		f.Body = new(rapid.SampledFrom([]string{"", "null", "{}", "<html>", "[1,2", "[]", "[]x", strings.Repeat("[", 20_000)}).Draw(t, "body"))
	case "bad rows":
		f.Body = new(fmt.Sprintf(`[{"id":%d,"status":"?","type":"?"},null,{"id":%d},{"status":204},7]`,
			rapid.Int64Range(1, mostAsked).Draw(t, "bad"), rapid.Int64Range(mostAsked+1, 2*mostAsked).Draw(t, "foreign")))
	case "omitted":
		f.Omit = rapid.SliceOfN(rapid.Int64Range(1, mostAsked), 1, 30).Draw(t, "omitted")
	}
	return f
}

func (tr trouble) gateway() *outgoingtest.Gateway {
	g := scheduled(mostAsked, outgoingtest.WithLatency(30*time.Millisecond))
	for _, id := range tr.sent {
		g.Add(outgoing.Message{ID: id, StatusCode: delivered})
	}
	g.Remove(tr.gone...)
	g.Inject(tr.faults...)
	return g
}

func (tr trouble) distinct() []int64 {
	var kept []int64
	for _, id := range tr.asked {
		if !slices.Contains(kept, id) {
			kept = append(kept, id)
		}
	}
	return kept
}

// checkParts tells whether the parts are disjoint, make up the whole, and keep its order.
func checkParts(whole []int64, parts ...[]int64) error {
	var all []int64
	for _, part := range parts {
		at := -1
		for _, id := range part {
			i := slices.Index(whole, id)
			if i <= at {
				return fmt.Errorf("ID %d is out of order, twice in a part, or nothing that was asked for: %v", id, part)
			}
			at = i
		}
		all = append(all, part...)
	}
	slices.Sort(all)
	if want := slices.Sorted(slices.Values(whole)); !slices.Equal(want, all) {
		return fmt.Errorf("the parts do not make up the whole: %v", parts)
	}
	return nil
}

// inTrouble checks what a call does in all kinds of trouble, in virtual time.
func inTrouble(t *testing.T, check func(ctx context.Context, tr trouble, g *outgoingtest.Gateway, client *outgoing.Client) error) {
	fewer.Checks()
	rapid.Check(t, func(rt *rapid.T) {
		tr := drawTrouble(rt)
		var failed error
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tr.timeout)
			defer cancel()
			g := tr.gateway()
			failed = check(ctx, tr, g, g.Client(outgoing.WithConcurrency(tr.concurrency), outgoing.WithRetry(tr.retry)))
		})
		if failed != nil {
			rt.Fatal(failed)
		}
	})
}

func TestB5_FoundMissingAndFailedMakeUpWhatWasAsked(t *testing.T) {
	inTrouble(t, func(ctx context.Context, tr trouble, g *outgoingtest.Gateway, client *outgoing.Client) error {
		got, err := client.GetByIDs(ctx, tr.asked)
		failed, err := failedIDs(err)
		if err != nil {
			return err
		}
		if got.Attempts != len(g.Requests()) {
			return fmt.Errorf("%d attempts were counted, and %d made", got.Attempts, len(g.Requests()))
		}
		return checkParts(tr.distinct(), messageIDs(got.Messages), got.Missing, failed)
	})
}

func TestB5_StreamAccountsForEachIDThatItTook(t *testing.T) {
	inTrouble(t, func(ctx context.Context, tr trouble, g *outgoingtest.Gateway, client *outgoing.Client) error {
		asked := tr.distinct()
		var found, missing, failed []int64
		var last error
		for part, err := range client.StreamByIDs(ctx, slices.Values(asked)) {
			found, missing = append(found, messageIDs(part.Messages)...), append(missing, part.Missing...)
			if failedIDs, notBatch := failedIDs(err); notBatch == nil {
				failed = append(failed, failedIDs...)
			}
			last = err
		}
		settled := len(found) + len(missing) + len(failed)
		_, batch := errors.AsType[*outgoing.BatchError](last)
		saidSo := !batch && errors.Is(last, outgoing.ErrNotSent) && (errors.Is(last, context.DeadlineExceeded) ||
			errors.Is(last, outgoing.ErrUnauthorized) || errors.Is(last, outgoing.ErrForbidden))
		if (settled < len(asked)) != saidSo {
			return fmt.Errorf("the stream ended after %d of %d IDs, and said %w", settled, len(asked), last)
		}
		return checkParts(asked[:settled], found, missing, failed)
	})
}

func TestB5_EachIDHasOneOutcomeThatIsTrue(t *testing.T) {
	t.Parallel()
	inTrouble(t, func(ctx context.Context, tr trouble, g *outgoingtest.Gateway, client *outgoing.Client) error {
		got, err := client.CancelScheduled(ctx, tr.asked)
		failed, err := failedIDs(err)
		if err != nil {
			return err
		}
		var all, unsettled []int64
		wholly := make(map[int64]bool) // rejected with the whole request: in the error, too
		for _, o := range got.Outcomes {
			all = append(all, o.ID)
			now, there := g.Message(o.ID)
			cancelled := there && now.StatusCode != outgoing.StatusScheduled && now.StatusCode != delivered
			reached := slices.ContainsFunc(g.Requests(), func(r outgoingtest.Request) bool {
				return r.Method == http.MethodDelete && slices.Contains(r.IDs, o.ID)
			})
			turnedAway := o.Status == 401 || o.Status == 403 || o.Status == 429
			switch {
			case o.State == outgoing.NotSent && (cancelled || o.Status != 0 && !turnedAway):
				return fmt.Errorf("ID %d is said to be untouched (status %d), and is %q", o.ID, o.Status, now.StatusCode)
			case o.State == outgoing.Rejected && turnedAway:
				return fmt.Errorf("ID %d is said to be rejected by a %d, which is about the caller", o.ID, o.Status)
			case o.State == outgoing.Cancelled && !cancelled, o.State == outgoing.Rejected && cancelled:
				return fmt.Errorf("ID %d is said to be %v, and is %q", o.ID, o.State, now.StatusCode)
			case (o.State == outgoing.NotSent && o.Status == 0) == reached:
				return fmt.Errorf("ID %d is said to be %v, and that a request with it arrived is %t", o.ID, o.State, reached)
			case o.State == outgoing.Unknown, o.State == outgoing.NotSent:
				unsettled = append(unsettled, o.ID)
			case o.State == outgoing.Rejected && slices.Contains(failed, o.ID):
				wholly[o.ID] = true
			}
		}
		if !slices.Equal(all, tr.distinct()) {
			return fmt.Errorf("outcomes for %v", all)
		}
		if got.Attempts != len(g.Requests()) {
			return fmt.Errorf("%d attempts were counted, and %d made", got.Attempts, len(g.Requests()))
		}
		return checkParts(unsettled, slices.DeleteFunc(failed, func(id int64) bool { return wholly[id] }))
	})
}
