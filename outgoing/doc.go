// Package outgoing is a client for the outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway. It looks
// messages up by ID, cancels scheduled ones, follows them until they arrive, and reads the history of what was sent. It
// reports what happened to every single ID, or that this cannot be known.
//
// # Batching
//
// The gateway takes 50 IDs in one request. GetByIDs, StreamByIDs and CancelScheduled take any number, and return
// results in the order of the IDs. A request that fails does not affect the others: the result has what was answered,
// and a *[BatchError] names the IDs that are not settled; a look-up has each in one of the two, a cancel all in its
// outcomes. After a 403, a 401 (unless [WithTokenSource] has a new token by then) or 20 requests in a row without an
// answer no more is sent: the IDs left are in the BatchError under [ErrNotSent].
//
// A 404 with a problem document means that the gateway knows none of the request's IDs: Missing, or [Rejected] with
// status 404. It is logged, since a wrong base URL can have the same effect. A look-up that one of its IDs seems to
// break (a 400, 414 or 422, a 500 that stays, a 200 that is not JSON) is repeated in halves, down to single IDs. A
// member that cannot be read is zero or nil, logged, and counted in Meta.OddMembers; a row without a readable ID or
// price is left out, and in the BatchError.
//
// # Retries and rate limits
//
// Retried are a 408, a 429, a 5xx (but not 501, 505, 506, 508, 510 and 511, which say that it will never work), a
// connection that was refused or dropped, an attempt timeout and, for a GET, a body that broke off. The wait is random
// (full jitter; its upper half after a 429), and at least what Retry-After asks; if it would exceed MaxElapsed of
// [Retry] or the context's deadline, the call ends at once, and [RetryAfter] says when to come back. All calls of a
// [Client] share a retry quota, as in the AWS SDKs: 100 retries at once, one more for five successes.
//
// A 429, or a 503 with Retry-After, holds back all requests of the Client for the time asked, at most 5 minutes; those
// that cannot wait so long fail with [ErrNotSent]. After another limit within a minute requests go one by one, oldest
// first, but one that can no longer be answered before its deadline gives way. Their pace rises with time, and is
// forgotten after a minute.
//
// # Cancelling
//
//   - [Cancelled]: the gateway said 204.
//   - [Rejected]: the gateway refused, and Status and Problem say why. An earlier call, whose answer was lost, may have
//     cancelled the message: only the status of Outcome.Message says whether it will go out.
//   - [NotSent]: untouched, so it will go out. No request was sent, or the gateway refused it as a whole (401, 403, 429).
//   - [Unknown]: a request was sent, and no answer says what it did (a timeout, a dropped connection, a 5xx, an unreadable
//     answer). After that only a 204 settles the ID, since the first attempt may have cancelled it.
//
// IDs that are Unknown, or Rejected by their own row (not with 404), are looked up once, for Outcome.Message; not after
// a 401, a 403 or a done context, nor in an outage. For Unknown that is no proof: the request may still arrive. Wait a
// moment and cancel these again; if they are Rejected, the status decides.
//
// # Errors
//
// An answer that is not a usable success is an *[APIError]. [errors.Is] finds its kind ([ErrNotFound], [ErrServer] ...),
// also in a BatchError, and the error of a done context, but not its cause. Error texts are one line of at most 512 bytes.
//
// # Logging, tracing and security
//
// [WithLogger] logs retries and odd answers at level Warn, absent headers at Debug, and never a token, a recipient or a
// body. Spans and metrics belong in the Transport of [WithHTTPClient], which gets one request for each attempt;
// [AttemptFrom] names it. A *http.Transport of yours keeps two idle connections for a host: set MaxIdleConnsPerHost to
// what [WithConcurrency] says.
//
// The token goes to the base URL's host alone: redirects are not followed, and plain http is for loopback hosts. A token
// of 8 bytes or more that the gateway echoes is replaced, but not in fields of messages. Idempotency-Key is never set:
// net/http would send a DELETE again by itself. At most 8 MiB of a response is read; a result has some 500 bytes for each
// message.
//
// # Versions
//
// Exported names are stable within a major version, also the fields of [Message], [Problem] and [Price]. Nothing
// else of package gen is.
package outgoing
