//go:build ignore

// This program runs the command on the gateway double and draws what it prints: go run docs/picture.go > docs/terminal.svg
package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
)

var sessions = [][]string{
	{"cancel", "--demo", "--yes", "43463", "43464", "43471", "99999"},
	{"list", "--demo", "--limit", "6"},
}

const (
	lineHeight = 19
	charWidth  = 8.43 // of most monospaced fonts, at 14 pixels
	margin     = 16
)

func main() {
	log.SetFlags(0)
	var lines []string
	for _, args := range sessions {
		lines = append(lines, "$ outgoing "+strings.Join(args, " "))
		lines = append(lines, run(args)...)
		lines = append(lines, "")
	}
	if _, err := os.Stdout.Write(draw(lines[:len(lines)-1])); err != nil {
		log.Fatal(err)
	}
}

// run gives the lines that the command writes to both of its outputs. Status 2 says that not all IDs were cancelled.
func run(args []string) []string {
	cmd := exec.Command("go", append([]string{"run", "./cmd/outgoing"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("exit status 2")) {
		log.Fatalf("%v: %v\n%s", args, err, out)
	}
	text := strings.TrimSuffix(strings.TrimRight(string(out), "\n"), "\nexit status 2") // which is go run's
	return strings.Split(text, "\n")
}

func draw(lines []string) []byte {
	longest := 0
	for _, line := range lines {
		longest = max(longest, len([]rune(line)))
	}
	width, height := int(float64(longest)*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#16181d"/>`+"\n", width, height)
	b.WriteString(`<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">` + "\n")
	for i, line := range lines {
		color := "#d7dae0"
		if strings.HasPrefix(line, "$ ") {
			color = "#7fd88f"
		}
		// Browsers do not pass xml:space on from the group to its texts.
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s" xml:space="preserve">`, margin, margin+14+i*lineHeight, color)
		_ = xml.EscapeText(&b, []byte(line))
		b.WriteString("</text>\n")
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}
