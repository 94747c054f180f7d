// Command outgoing looks up, cancels and lists outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway, and
// serves a gateway of its own to try things on.
//
//	outgoing get 43456 43457          look messages up
//	outgoing cancel --file ids.csv    cancel scheduled ones, after asking
//	outgoing list --all               the whole history, newest first
//	outgoing serve                    a gateway in memory, on this machine
//	outgoing demo                     a guided run: no account, no network
//
// The token comes from the environment variable GATEWAY_API_BEARER or from --token-file, and from no other flag: the
// process list shows flags to everybody. With --demo no token is needed.
//
// Standard output carries results and nothing else; what is missing or went wrong, progress and summaries go to
// standard error. A reader that closes standard output early (| head) ends get and list quietly, with status 0; cancel
// goes on, since half of a campaign cancelled is worse than a table nobody reads.
//
// The exit status is 0 if everything was settled, 1 if the command was used wrongly or could not start, 2 if an ID is
// missing, not settled or not cancelled (each is named), and 130 if a person stopped it: after an interrupt (Ctrl-C, SIGTERM,
// or SIGHUP when the terminal closes), when what was done has been printed, or after a "no" to the question that cancel
// asks, when nothing was sent. So a script can tell a "no" from a mistake in the command line, and from a cancel that was
// tried.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}
