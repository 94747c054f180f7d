package outgoing

import (
	"context"
	"net/http"
)

// ahead fetches windows of the history: the one that is needed now, and those that will be needed next if nothing changes.
type ahead struct {
	call
	queue []*view // in the order in which they will be needed
}

// view is a window as one answer shows it.
type view struct {
	window
	delivered int // how many rows had been delivered when it was asked for
	cancel    context.CancelFunc
	done      chan struct{}

	answer pageAnswer
	err    error
	escape
}

// take waits for window w. If w is not what was expected, what was fetched ahead is thrown away. Then up to depth windows
// are kept in flight, as far as the history reaches: by the total, if there is one, and by what was delivered, which a
// prefetch may at most double.
func (a *ahead) take(ctx context.Context, w window, c *chain, depth int) *view {
	if len(a.queue) > 0 && (a.queue[0].window != w || depth == 1) {
		a.drop()
	}
	if len(a.queue) == 0 {
		a.fetch(ctx, w, c.delivered)
	}
	for len(a.queue) < depth {
		last := a.queue[len(a.queue)-1]
		following := aim(last.end()-1, c.slack)
		if following.start() > c.at+c.delivered || c.total != nil && following.start() >= *c.total {
			break
		}
		a.fetch(ctx, following, c.delivered)
	}
	v := a.queue[0]
	a.queue[0], a.queue = nil, a.queue[1:]
	v.wait()
	return v
}

func (a *ahead) fetch(ctx context.Context, w window, delivered int) {
	ctx, cancel := context.WithCancel(ctx)
	v := &view{window: w, delivered: delivered, cancel: cancel, done: make(chan struct{})}
	a.queue = append(a.queue, v)
	go func() {
		defer close(v.done)
		v.during(func() { v.answer, v.err = a.see(ctx, w) })
	}()
}

// see asks for a window. A 404 with a problem document is one way to say that a page is empty: if that was the answer, and
// not if it is found somewhere in an error, such as the cause that a context was cancelled with.
func (a *ahead) see(ctx context.Context, w window) (pageAnswer, error) {
	answer, attempts, err := a.list(ctx, PageRequest{Page: w.page, Limit: w.limit})
	if last := attempts.last; last != nil && last.status == http.StatusNotFound && attempts.refusal.isMissing() && w.page > 1 {
		return pageAnswer{}, nil
	}
	return answer, err
}

// drop gives up what was fetched ahead, and waits until nothing of it runs.
func (a *ahead) drop() {
	dropped := a.queue
	a.queue = nil
	for _, v := range dropped {
		v.cancel()
	}
	for _, v := range dropped {
		<-v.done
	}
	for _, v := range dropped {
		v.wait()
	}
}

// wait waits for the answer; a panic of a caller's hook is raised again.
func (v *view) wait() {
	<-v.done
	v.cancel()
	v.raise()
}

func (v *view) ids() []int64 {
	ids := make([]int64, len(v.answer.rows))
	for i, m := range v.answer.rows {
		ids[i] = m.ID
	}
	return ids
}

// isShort tells whether the history seems to end in this window.
func (v *view) isShort() bool { return len(v.answer.rows) < v.limit }
