// Package terminal lets results, messages, a progress line and a question share one terminal.
package terminal

import (
	"os"

	"golang.org/x/term"
)

// Style is how results are shown where they go. The zero value is for a file or a pipe.
type Style struct {
	Terminal bool
	Width    int // characters in a line of the terminal; 0 if it has no bound
	Colors   bool
}

// The colors, as ECMA-48 has them (SGR).
const (
	Bold   = "1"
	Faint  = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
)

// Paint returns the text in a color, if the style has colors.
func (s Style) Paint(color, text string) string {
	if !s.Colors || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func width(stream any) int {
	if f, ok := stream.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return columns
		}
	}
	return 0
}

// Is reports whether a stream is a terminal.
func Is(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
