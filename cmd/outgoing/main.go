// Command outgoing looks up, cancels, lists and watches outgoing messages of the SzybkiSMS.pl / GSMService.pl SMS gateway,
// receives its callbacks, and serves an in-memory gateway to try things on. "outgoing --help" says what there is, which
// environment variables are read and what the exit statuses mean; "outgoing demo" shows it at work.
//
// The token comes from the environment variable GATEWAY_API_BEARER or from --token-file, and from no other flag: the process
// list shows flags to everyone. Standard output carries results and nothing else. A closed standard output (>&-) is /dev/null
// to a Go program.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}
