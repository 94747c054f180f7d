//go:build manual

package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
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
	if err != nil {
		log.Fatal(err)
	}
	if err := writeManual(os.Args[1], date.UTC()); err != nil {
		log.Fatal(err)
	}
}

func writeManual(dir string, date time.Time) error {
	c := &cli{screen: terminal.NewScreen(os.Stdin, os.Stdout, os.Stderr, os.LookupEnv), name: "outgoing"}
	root := c.rootCommand()
	completions, man := filepath.Join(dir, "completions"), filepath.Join(dir, "man")
	for _, path := range []string{completions, man} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	for name, generate := range map[string]func(io.Writer) error{
		"outgoing.bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"outgoing.fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		"outgoing.ps1":  root.GenPowerShellCompletionWithDesc,
		"_outgoing":     root.GenZshCompletion,
	} {
		var script strings.Builder
		if err := generate(&script); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(completions, name), []byte(script.String()), 0o644); err != nil {
			return err
		}
	}
	forMarkdown(root)
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &date, Source: "outgoing", Manual: "outgoing"}, man)
}

// forMarkdown prepares the help texts for doc, which takes them for Markdown: an indented table would become a paragraph.
func forMarkdown(cmd *cobra.Command) {
	indented := regexp.MustCompile(`(?m)^  `)
	cmd.Long = indented.ReplaceAllString(cmd.Long, "      ")
	cmd.DisableAutoGenTag = true
	for _, sub := range cmd.Commands() {
		forMarkdown(sub)
	}
}
