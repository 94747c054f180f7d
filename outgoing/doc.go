// Package outgoing is a client for the outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway. It looks
// messages up by ID, cancels scheduled ones, watches them, and walks the history of what was sent. It tells its caller
// what happened to every single ID, or that this cannot be known.
//
//	client, err := outgoing.New(token)
//	...
//	result, err := client.GetByIDs(ctx, ids)
//
// # Batching
//
// The gateway takes 50 IDs in one request. [Client.GetByIDs], [Client.StreamByIDs] and [Client.CancelScheduled] take
// any number: they drop repeated IDs, send the rest in requests of 50, [WithConcurrency] of them at once (4 unless
// set), and put the answers together in the order asked. A request that fails costs no other one: what was answered is
// returned, and a *[BatchError] beside it names what was not, with the reasons. Each ID asked for is in the result or
// in the error: in one, except IDs rejected with their whole request. After a 401 or a 403, and when the gateway cannot be
// reached (20 requests in a row without an answer), no further request is started, and the IDs that are left are named under
// [ErrNotSent]. A 401 for a token that [WithTokenSource] has replaced meanwhile is answered with the new one.
//
// A 404 with a problem document means that the gateway knows none of the request's IDs: they are Missing, or [Rejected]
// with status 404. A warning is logged, since a wrong base URL can look the same. A look-up that one of its IDs seems to
// break (a 400, 414 or 422, a 500 that stays, a 200 that is not JSON) is repeated in halves, down to single IDs.
//
// A member of a row that cannot be read is zero or nil, is logged once for each kind, and counts in OddMembers; the members
// beside it are good. Numbers in quotes, 0 and 1 as booleans and the like are read. Only a row without a readable ID, and one
// whose price cannot be read, are not returned: their IDs are in the BatchError.
//
// # Retries
//
// An attempt is repeated, 4 attempts in all unless [WithRetry] says otherwise, after a 408, any 5xx but those that say that it
// will never work (501, 505, 506, 508, 510, 511), a connection that was refused or dropped, an attempt timeout, and, for a GET,
// a body that broke off. A 429 is repeated until MaxElapsed of [Retry], and counts only if MaxAttempts is set. Nothing is
// repeated after any other status, a certificate or TLS error, a proxy's refusal, for a host that does not exist, or when the
// context is done. After an attempt timeout idle connections are closed, so that the next attempt has a new one.
//
// The wait before the next attempt is random, up to 500ms at first, doubling up to 20s. A Retry-After header (RFC 9110)
// is the least wait. If the wait would exceed the context's deadline or MaxElapsed of [Retry], the call returns at
// once, and RetryAfter of the [APIError] says when to come back.
//
// All calls of a [Client] share a retry quota and a rate limiter. The quota (that of the AWS SDKs) allows a burst of 100
// retries, and then one for every five successes, so that an outage is not made worse. A 429, or a 503 with Retry-After, holds
// back all requests of the Client for the time asked, at most 5 minutes; requests that cannot wait so long fail at once with
// [ErrNotSent], and [RetryAfter] returns how long the hold lasts. If another limit is met within a minute, requests are sent
// one by one after it, at a pace just below the one at which it was met: oldest first, but a request that can no longer be
// answered before its context's deadline gives way to one that can. The pace rises with time, also while nothing is sent, and
// is forgotten a minute after the last limit.
//
// [WithLimiter] adds a limit that is shared with other clients, such as the processes of one account.
//
// # Cancelling
//
// Each ID of a [Client.CancelScheduled] ends in one [State]:
//
//   - [Cancelled]: the gateway said 204.
//   - [Rejected]: the gateway refused this request, and Status and Problem of the [Outcome] say why. That is no proof that
//     the message will go out: it may be one that an earlier call cancelled, whose answer was lost.
//   - [NotSent]: untouched. No request with this ID left this process, or the gateway turned the request away as a
//     whole (401, 403, 429), which is then in the outcome's Status.
//   - [Unknown]: a request left, and no answer says what it did. The connection dropped, the attempt timed out, a 5xx
//     came, or the answer could not be read or lacks the ID. After such an attempt only a 204 settles the ID: a refusal
//     of the retry may be due to the first attempt, which did cancel it.
//
// Unknown and Rejected messages are looked up once, and Message of the [Outcome] shows what was found. (They are not after a
// 401, a 403 or a done context; and in an outage that has used up the retry quota, the first look-up that fails is the last.)
// Of an Unknown message that is a snapshot, not proof: the first request may still be on its way. If a message must not go
// out, wait a moment and cancel the Unknown IDs again; if they are Rejected then, the status of Message decides. A DELETE that
// net/http would send again by itself (HTTP/2 after a reset stream) ends its attempt, which is then Unknown.
//
// # History
//
// [Client.All] yields each message that was there when the loop began exactly once, newest first, also while messages
// arrive, are cancelled and are deleted, which moves all pages: it uses a page only where it overlaps what was
// delivered. If the history changes faster than that can be done, it ends with [ErrDrift]. If the pages end while the
// gateway's counts (X-Total-Results, Link) speak of more messages, it ends with [ErrIncomplete], after all that could
// be delivered. It assumes that two messages never swap their order. A message that is deleted before its page is read
// is not delivered. [Client.List] returns one page as it is.
//
// # Watching
//
// [Client.Watch] looks messages up again and again, and yields each when it is first seen and when its status has
// changed, until each has reached the end that the caller names. A message that stays as it is, is looked up ever more
// rarely. A failed request does not end the watch; in an outage it probes, one request at a time, after pauses that double up
// to 5 minutes.
//
// No document lists the last statuses. A message that ends in one that Until does not know is watched until the context
// is done, so Until should be true for the bad ones too, and the context should have a deadline.
//
// # Errors
//
// Bad arguments give [ErrInvalidArgument] before anything is sent. A response that is not a usable success is an
// *[APIError] with the HTTP status, the problem document if there was one (RFC 9457), and the first 64 KiB of the body;
// [errors.Is] tells the kinds apart ([ErrNotFound], [ErrRateLimited], [ErrServer], [ErrUnexpectedResponse] and others).
// Calls about many IDs wrap these in a *[BatchError]. errors.Is also finds the error of a context that is done; its
// cause is only in the text. Error texts are one line of at most 512 bytes.
//
// # Logging
//
// With [WithLogger] the library logs at level Warn what it did about trouble (retries with their waits, rows that were
// not requested, unusable headers, a 404 for a whole request) and at Debug the headers that are absent. It logs
// methods, path templates, statuses, counts, durations, and why a connection failed: never a token, a recipient or a
// body. What net/http quotes of an answer that it cannot parse is "..." in logs and errors.
//
// # Tracing
//
// Each attempt is one request through the http.Client of [WithHTTPClient]: its Transport is the place for spans and
// metrics. The path of a request has up to 50 IDs in it, too many names for either. [AttemptFrom] tells the Transport the
// template of the path, the number of the attempt, and how many IDs there are; it needs no other module. With otelhttp:
//
//	otelhttp.NewTransport(base, otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
//		if attempt, ok := outgoing.AttemptFrom(r.Context()); ok {
//			return attempt.Method + " " + attempt.Path // "GET /messages/{ids}"
//		}
//		return r.Method
//	}))
//
// Its Labeler takes more labels for metrics: url.template is attempt.Path, and http.request.resend_count is
// attempt.Number-1. otelhttp puts the whole URL into url.full of a span, with the IDs. An *http.Transport of your own
// keeps two idle connections for each host unless its MaxIdleConnsPerHost says more: set it to what [WithConcurrency]
// says.
//
// # Memory
//
// At most 8 MiB of a response is read, after decompression, and a request holds at most three times that.
// [Client.StreamByIDs] and [Client.All] use memory that does not grow with the number of IDs or messages;
// [Client.GetByIDs] and [Client.CancelScheduled] hold their result, some 500 bytes for each message.
//
// # Security
//
// The token is sent only to the base URL's host: redirects are not followed, and plain http is refused except for
// loopback hosts, where it goes through no proxy. If the gateway echoes the token (of 8 bytes or more), it is replaced
// in errors, logs and results, except in the fields of messages. Idempotency-Key is never set, since net/http would
// then send a DELETE again by itself.
//
// # Versions
//
// The exported names of this package are stable within a major version, and so are the fields of [Message], [Problem]
// and [Price], which it re-exports from package gen. Nothing else of package gen is.
package outgoing
