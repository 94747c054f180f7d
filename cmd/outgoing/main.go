// Command outgoing looks up, cancels, lists and watches outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway, and
// serves an in-memory gateway to try things on.
//
//	outgoing get 43456 43457                look messages up
//	outgoing cancel --file ids.csv          cancel scheduled ones, after asking
//	outgoing list --all                     the whole history, newest first
//	outgoing watch --until DELIVERED 43456  follow messages to the statuses that you name
//	outgoing listen                         print what the gateway's callbacks report
//	outgoing doctor                         find out how a gateway behaves
//	outgoing serve                          a gateway in memory, on this machine
//	outgoing demo                           a guided run: no account, no network
//
// The token comes from the environment variable GATEWAY_API_BEARER or from --token-file, and from no other flag: the
// process list shows flags to everyone. With --demo no token is needed.
//
// Standard output carries results and nothing else; what is missing or went wrong, progress and summaries go to
// standard error. A reader that closes standard output early (| head) ends a verb quietly, and the exit status is that of
// what was done until then; only cancel goes on, since half of a campaign cancelled is worse than a table that no one
// reads. Results that cannot be written for another reason, such as a full disk, are status 3. (A standard output that is
// closed from the start, >&-, is /dev/null to a Go program: the results are not wanted, and the status is that of the work.)
//
// The exit status is the same in every verb:
//
//   - 0: everything was settled.
//   - 1: the command was used wrongly or could not start, and nothing was sent.
//   - 2: the gateway was asked, and not everything was settled: an ID is missing, not settled or not cancelled (each has its
//     row), the history broke off, the gateway refused the token (401, 403) or did not answer, or doctor saw a promise broken.
//   - 3: the work was done, and its results could not be written.
//   - 130: a person stopped it. After an interrupt (Ctrl-C, SIGTERM, or SIGHUP when the terminal closes) what was done is
//     printed first; serve and listen then exit with 0. After a "no" to cancel's question nothing was sent.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}
