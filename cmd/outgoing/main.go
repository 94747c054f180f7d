//go:build !manual

// Command outgoing looks up, cancels, lists and watches outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway,
// receives its callbacks, and serves an in-memory gateway to try things on. "outgoing --help" says what there is, which
// environment variables are read and what the exit statuses mean; "outgoing demo" shows it at work.
//
// The token comes from the environment variable GATEWAY_API_BEARER or from --token-file, and from no other flag: the process
// list shows flags to everyone. Standard output carries results and nothing else.
//
// A reader that closes standard output early (| head) ends a verb quietly, and the exit status is that of what was done until
// then; only cancel goes on, since half of a campaign cancelled is worse than a table that no one reads. Results that cannot
// be written for another reason, such as a full disk, are status 3. A standard output that is closed from the start (>&-) is
// /dev/null to a Go program: the results are not wanted, and the status is that of the work.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}
