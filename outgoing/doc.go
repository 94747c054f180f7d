// Package outgoing is a client for the outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway. It looks messages
// up by ID, cancels scheduled ones, follows them until they arrive, and reads the history of what was sent. It reports what
// happened to every single ID, or that this cannot be known.
//
//	client, err := outgoing.New(token)
//	...
//	result, err := client.GetByIDs(ctx, ids)
//
// # Batching
//
// The gateway takes 50 IDs in one request. GetByIDs, StreamByIDs and CancelScheduled take any number: repeated IDs are
// dropped, the rest is sent in requests of 50, [WithConcurrency] of them at once, and results have the order of the IDs.
// A request that fails does not affect the others: a *[BatchError] names its IDs, and the result has what was answered.
// Each ID is in the result or in the error: in one, except IDs rejected with their whole request.
//
// A call sends no further requests after a 401 or 403, and after 20 requests in a row without an answer; the IDs left are in
// the BatchError under [ErrNotSent]. A 401 for a token that [WithTokenSource] has replaced is retried with the new one.
//
// A 404 with a problem document means that the gateway knows none of the request's IDs: they are Missing, or [Rejected] with
// status 404. It is logged, since a wrong base URL can look the same. A look-up that one of its IDs seems to break (a 400,
// 414 or 422, a 500 that stays, a 200 that is not JSON) is repeated in halves, down to single IDs.
//
// Numbers in quotes, 0 and 1 as booleans and the like are read. A member that cannot be read is zero or nil, is logged once
// for each kind, and counts in Meta.OddMembers. A row without a readable ID or price is left out, and its ID is in the
// BatchError.
//
// # Retries
//
// An attempt is retried after a 408, a 429, a 5xx (but not 501, 505, 506, 508, 510 and 511, which do not pass), a connection
// that was refused or dropped, an attempt timeout and, for a GET, a body that broke off. It is not retried after another
// status, a TLS error, a proxy's refusal, for a host that does not exist, or when the context is done. [Retry] has the limits.
//
// The wait is random (full jitter), up to 500ms at first, doubling up to 20s, and at least what Retry-After (RFC 9110) asks.
// If it would exceed MaxElapsed or the context's deadline, the call returns at once, and [RetryAfter] says when to come back.
//
// All calls of a [Client] share a retry quota, as in the AWS SDKs: 100 retries at once, then one for every five successes.
//
// # Rate limits
//
// A 429, or a 503 with Retry-After, holds back all requests of the Client for the time asked, at most 5 minutes. Requests
// that cannot wait so long fail at once with [ErrNotSent]. After another limit within a minute requests are sent one by one,
// oldest first, at a pace just below the one at which the limit was met; a request that can no longer be answered before its
// context's deadline gives way to one that can. The pace rises with time, and is forgotten a minute after the last limit.
// [WithLimiter] adds a limit that is shared with others, such as the processes of one account.
//
// # Cancelling
//
// [Client.CancelScheduled] gives each ID one [State]:
//
//   - [Cancelled]: the gateway said 204.
//   - [Rejected]: the gateway refused this request; Status and Problem of the [Outcome] say why. The message may still be one
//     that an earlier call cancelled, whose answer was lost.
//   - [NotSent]: untouched, and will go out. No request with this ID left this process, or the gateway turned the whole
//     request away because of the caller (401, 403, 429), as the outcome's Status then says.
//   - [Unknown]: a request left, and no answer says what it did: the connection dropped, the attempt timed out, a 5xx came, or
//     the answer could not be read or lacks the ID. After that only a 204 settles the ID: a refusal of the retry may mean that
//     the first attempt did cancel it.
//
// Unknown and Rejected messages (but not after a 404) are looked up once, and Outcome.Message shows what was found. For
// Unknown that is no proof: the first request may still be on its way. If a message must not go out, wait a moment and cancel
// the Unknown IDs again; if they are Rejected then, the status of Message decides. Nothing is looked up after a 401, a 403 or
// a done context, or once a look-up failed in an outage that has used up the retry quota. A DELETE that net/http is about to
// send again by itself (HTTP/2 after a reset stream) ends its attempt, which is then Unknown.
//
// # History and watching
//
// [Client.All] reads the history while it moves, and yields each message once. [Client.List] returns one page as it is.
// [Client.Watch] looks messages up again and again until each has reached the end that the caller names. No document lists
// the last statuses: name the bad ones too, and give the context a deadline.
//
// # Errors
//
// An answer that is not a usable success is an *[APIError]. [errors.Is] finds its kind ([ErrNotFound], [ErrRateLimited],
// [ErrServer] ...), also in a BatchError, and the error of a context that is done; the context's cause is only in the text.
// Every text is one line of at most 512 bytes.
//
// # Logging and tracing
//
// [WithLogger] gets retries, dropped rows, unusable headers and the like at level Warn, and absent headers at Debug: methods,
// path templates, statuses, counts, durations, and why a connection failed, but never a token, a recipient or a body. What
// net/http quotes of an answer that it cannot parse is "..." in logs and errors.
//
// Spans and metrics belong in the Transport of [WithHTTPClient], which gets one request for each attempt. [AttemptFrom]
// returns its name without the 50 IDs. An *http.Transport keeps two idle connections for each host: set MaxIdleConnsPerHost
// to what WithConcurrency says. After an attempt timeout idle connections are closed, so that the next one is new.
//
// # Memory and security
//
// At most 8 MiB of a response is read, after decompression. StreamByIDs and All use constant memory; GetByIDs and
// CancelScheduled hold their result, some 500 bytes for each message.
//
// The token is sent only to the base URL's host: redirects are not followed, and plain http is for loopback hosts, without a
// proxy. A token (of 8 bytes or more) that the gateway echoes is replaced in errors, logs and results, but not in the fields
// of messages. Idempotency-Key is never set: net/http would then send a DELETE again by itself.
//
// # Versions
//
// The exported names are stable within a major version, and so are the fields of [Message], [Problem] and [Price]. Nothing
// else of package gen, where these come from, is.
package outgoing
