// Package docs_test proves that the picture of the command is what the command prints, and that browsers show its columns.
package docs_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A browser collapses the spaces of a <text> that does not itself carry xml:space, and so the columns of a table.
func TestEveryTextOfThePictureKeepsItsSpaces(t *testing.T) {
	picture, err := os.ReadFile("terminal.svg")
	require.NoError(t, err)
	var svg struct {
		Texts []struct {
			Space string `xml:"http://www.w3.org/XML/1998/namespace space,attr"`
			Line  string `xml:",chardata"`
		} `xml:"g>text"`
	}
	require.NoError(t, xml.Unmarshal(picture, &svg))
	require.Len(t, svg.Texts, strings.Count(string(picture), "<text"))
	require.NotEmpty(t, svg.Texts)
	for _, text := range svg.Texts {
		assert.Equal(t, "preserve", text.Space, "%q", text.Line)
	}
}

func TestThePictureIsWhatTheCommandPrints(t *testing.T) {
	for _, dir := range []string{".", "../cmd/outgoing", "../cmd/outgoing/internal/display", "../cmd/outgoing/internal/output", "../gen", "../outgoing", "../outgoing/outgoingtest"} {
		_, err := os.ReadDir(dir) // so that go test runs this again, and not from its cache, when a file there changes
		require.NoError(t, err)
	}
	want, err := os.ReadFile("terminal.svg")
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "go", "run", "docs/picture.go")
	cmd.Dir = ".."
	got, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "draw it again: go run docs/picture.go > docs/terminal.svg")
}
