// Package outgoing is a client for the outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway: it looks
// messages up by ID, cancels scheduled ones, and walks the history of what was sent. It tells its caller what became of
// every single ID, or that this cannot be known.
//
//	client, err := outgoing.New(token)
//	...
//	result, err := client.GetByIDs(ctx, ids)
//
// # Batching
//
// The gateway takes 50 IDs in one request. GetByIDs, StreamByIDs and CancelScheduled take any number: they drop repeated
// IDs, send the rest in requests of 50, WithConcurrency of them at once (4 unless set), and put the answers together in
// the order asked. A request that fails costs no other one: what was answered is returned, and a *BatchError beside it
// names what was not, with the reasons. Each ID asked for is in the result or in the error, and never in both places; only
// an ID that was rejected together with its whole request is in both. After a 401 or a 403 no further request is started,
// and the IDs that are left are named under ErrNotSent.
//
// A 404 with a problem document means that the gateway knows none of the request's IDs: they are Missing, or Rejected with
// status 404. A warning is logged, since a wrong base URL can look the same. A row that cannot be read costs that row.
//
// # Retries
//
// An attempt is repeated, 4 attempts in all unless WithRetry says otherwise, after the statuses 408, 429, 500, 502, 503
// and 504, after a connection that was refused or dropped, after an attempt timeout, and, for a GET, after a body that
// broke off. It is not repeated after any other status, after a certificate or TLS error, for a host that does not exist,
// or when the context is done.
//
// The wait before the next attempt is random, up to 500ms at first, doubling up to 20s. A Retry-After header (RFC 9110) is
// the least wait; if the wait would exceed the context's deadline or Retry.MaxElapsed, the call returns at
// once, with APIError.RetryAfter saying when to come back.
//
// All calls of a Client share a retry budget and a rate limiter. The budget allows a burst of 100 retries, and then one for
// each five successes, so that an outage is not made worse. A 429, or a 503 with Retry-After, holds back all requests of the
// Client for the time asked, at most 5 minutes; requests that cannot wait so long fail at once with ErrNotSent. If another
// limit is met within a minute, requests leave one by one after it, at a pace just below the one at which it was met: oldest
// first, but a request that can no longer be answered before its context's deadline gives its place to one that can. The
// pace rises with time, also while nothing is sent, and is forgotten a minute after the last limit.
//
// # Cancelling
//
// Each ID of a CancelScheduled ends in one State. Cancelled: the gateway said 204. Rejected: it refused, and Outcome.Status
// and Outcome.Problem say why. NotSent: untouched, since no request with this ID left this process, or since the gateway
// turned the request away as a whole (401, 403, 429), which is in Outcome.Status then. Unknown: a request left, and no
// answer says what it did: the connection dropped, the attempt timed out, a 5xx came, the answer could not be read or lacks
// the ID. A retry of such an attempt settles the ID only by a 204: if it is refused then, that may be because the first
// attempt did cancel it.
//
// Unknown messages are looked up once, and Outcome.Message shows what they look like. (They are not after a 401, a 403 or
// a done context; and in an outage that has used up the retry budget, the first look that fails is the last.) That is a
// look, not proof: the first request may still be on its way. If a message must not go out, wait a moment and cancel the
// Unknown IDs again, or look them up, until their status is acceptable to you.
//
// # History
//
// All yields each message that was there when the loop began exactly once, newest first, also while messages arrive,
// are cancelled and are deleted, which moves all pages: it believes a page only where it overlaps what was delivered. If
// the history changes faster than that can be done, it ends with ErrDrift. If the pages end while the gateway's counts
// (X-Total-Results, Link) speak of more messages, it ends with ErrIncomplete, after all that could be delivered. It assumes
// that two messages never swap their order. A message that is deleted before its page is read is not delivered. List gives
// one page as it is.
//
// # Errors
//
// Bad arguments give ErrInvalidArgument before anything is sent. A response that is not a usable success is an *APIError with
// the HTTP status, the problem document if there was one (RFC 9457), and the first 64 KiB of the body; errors.Is tells the
// kinds apart (ErrNotFound, ErrRateLimited, ErrServer, ErrUnexpectedResponse, ...). Calls about many IDs wrap these in a
// *BatchError. A context that ends is found by errors.Is, too; its cause is in the text only. Error texts are one line of
// at most 512 bytes.
//
// # Logging
//
// With WithLogger the library logs at level Warn what it did about trouble (retries with their waits, rows that were
// not requested, unusable headers, a 404 for a whole request) and at Debug the headers that are absent. It logs methods, path
// templates, statuses, counts, durations, and why a connection failed: never a token, a recipient or a body. net/http
// quotes what it cannot parse of an answer; here and in errors that is "...".
//
// # Memory
//
// At most 8 MiB of a response is read, after decompression, and a request holds at most three times that. StreamByIDs and
// All use memory that does not grow with the number of IDs or messages; GetByIDs and CancelScheduled hold their result,
// some 500 bytes for each message.
//
// # Security
//
// The token is sent only to the base URL's host: redirects are not followed, and plain http is refused except for
// loopback hosts, where it goes through no proxy. If the gateway echoes the token (of 8 bytes or more), it is replaced
// in errors, logs and results, except in the fields of messages. No Idempotency-Key is ever set, since net/http would
// take it as leave to send a DELETE twice.
package outgoing
