// Package callback receives the gateway's status callbacks and hands on what changed.
//
// The gateway can POST status changes to a URL that the account's owner sets in the vendor's panel: an array of 1 to 50
// messages, with a bearer token of the owner's choice, or none. There is no signature, event ID or order. A callback can be
// forged, repeated, late or lost, so it is only a hint. A [Handler] turns it into something to rely on:
//
//	handler, err := callback.New(store, callback.WithTokens(token), callback.WithConfirmation(client))
//
// store is a [Sink]: a function that stores what changed. Two callbacks may run at once, and an older status may come after
// a newer one, so it compares StatusDate:
//
//	INSERT INTO message (id, status, status_date) VALUES ($1, $2, $3)
//		ON CONFLICT (id) DO UPDATE SET status = excluded.status, status_date = excluded.status_date
//		WHERE coalesce(excluded.status_date >= message.status_date, true)
//
// StatusDate counts in seconds, and may be nil: then coalesce takes what came last. A callback can be lost, so ask from
// time to time for the messages that are still open, with [outgoing.Client.Watch] or [outgoing.Client.GetByIDs].
//
// # Acknowledgement
//
// A callback is acknowledged, with a 204, when the sink has returned nil, and never before. After any other answer it comes
// again, as the gateway says "in few minutes". A sink that fails gives a 503, and one that panics a 500. At most 16 callbacks
// are in progress at once, or [WithLimit], slow senders not counted; more get a 503 with Retry-After.
//
// # Who is let in
//
// Give [WithTokens] the token of the vendor's panel, and two while one is replaced by the next: first both here, then the
// new one in the panel, then the new one only. Without a token in the panel, [WithoutToken] lets anyone in, and needs
// [WithConfirmation].
//
// # Confirmation
//
// With confirmation what a callback reports is looked up, in at most 10 seconds, and the sink gets the gateway's answer. So a
// callback that is forged or late hands on nothing but what the gateway says now. It is acknowledged if the answer has each
// message, in a state not older than the callback's. If not (a replica may lag behind), what is confirmed is handed on, and after
// a 503 the callback comes again; but a row whose status_date is more than a day from now is dropped and logged (with a
// wrong base URL all are). If the look-up fails, the answer is a 503, and the sink is not called.
//
// Give [WithConfirmation] a Client of its own: if outsiders send so many callbacks that the gateway asks for fewer requests,
// that holds back whatever else their Client has to do.
//
// # Bodies
//
// A body has at most 128 KiB and 50 rows. A member that cannot be read is zero or null, and logged. A row without a readable
// ID is dropped and logged: it would come again as unreadable as before. If all are, the answer is a 400. An empty array is
// acknowledged, and the sink not called. What any web page can have a browser send is a 415: a form, text/plain, and what has
// the Origin or Sec-Fetch-Site of another site. Every other Content-Type will do, and none.
//
// # Answers and logs
//
// Answers are problem documents (RFC 9457): 400, 401, 405, 413, 415, 500 or 503. With [WithLogger] callbacks that were not
// accepted, dropped rows and failed look-ups are logged at level Warn, the sink's errors and panics at Error, and stored
// callbacks and probes (GET, HEAD, OPTIONS) at Debug. Neither answers nor logs have a token or a recipient in them, unless
// the sink's error or panic has.
//
// In tests, Gateway.Notify of package outgoingtest sends callbacks to a handler, without a network and in virtual time.
package callback
