//go:build manual

package main

import (
	"errors"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// With the tag manual the command is another one: it writes completions/ and man/ for a release into a directory. So what
// renders man pages is in no binary that anyone installs.
//
//	go run -tags manual ./cmd/outgoing DIR 2026-11-23T12:00:00Z
func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: DIR DATE, a directory and the date of the man pages in the form of RFC 3339")
	}
	date, err := time.Parse(time.RFC3339, os.Args[2])
	completions, man := filepath.Join(os.Args[1], "completions"), filepath.Join(os.Args[1], "man")
	root := (&cli{name: "outgoing"}).rootCommand()
	err = errors.Join(err, os.MkdirAll(completions, 0o755), os.MkdirAll(man, 0o755),
		root.GenBashCompletionFileV2(filepath.Join(completions, "outgoing.bash"), true),
		root.GenFishCompletionFile(filepath.Join(completions, "outgoing.fish"), true),
		root.GenPowerShellCompletionFileWithDesc(filepath.Join(completions, "outgoing.ps1")),
		root.GenZshCompletionFile(filepath.Join(completions, "_outgoing")),
	)
	forMarkdown(root)
	header := &doc.GenManHeader{Section: "1", Date: new(date.UTC()), Source: "outgoing", Manual: "outgoing"}
	if err := errors.Join(err, doc.GenManTree(root, header, man)); err != nil {
		log.Fatal(err)
	}
}

// forMarkdown prepares the help texts for doc, which takes them for Markdown: an indented table would become a paragraph.
func forMarkdown(cmd *cobra.Command) {
	cmd.Long = regexp.MustCompile(`(?m)^  `).ReplaceAllString(cmd.Long, "      ")
	cmd.DisableAutoGenTag = true
	for _, sub := range cmd.Commands() {
		forMarkdown(sub)
	}
}
