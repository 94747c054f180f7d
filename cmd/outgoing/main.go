//go:build !manual

// Command outgoing looks up, cancels, lists and watches outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway,
// receives its callbacks, and serves an in-memory gateway to try things on. "outgoing --help" says what there is, which
// environment variables are read and what the exit statuses mean; "outgoing demo" shows it at work.
//
// The token comes from the environment variable GATEWAY_API_BEARER or from --token-file, and from no other flag: process
// lists show flags to everyone. Standard output carries results and nothing else. One that is closed from the start (>&-)
// is /dev/null to a Go program: the results are not wanted, and the status is that of the work.
package main

import "os"

func main() { os.Exit(run()) }
