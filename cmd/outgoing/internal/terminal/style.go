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

// Style returns how results are shown on standard output.
func (s *Screen) Style() Style {
	if !Is(s.stdout) {
		return Style{}
	}
	columns, _, _ := term.GetSize(int(s.stdout.(*os.File).Fd()))
	return Style{Terminal: true, Width: max(columns, 0), Colors: s.colors}
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
