package display

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestANumberHasTheWordThatFitsIt(t *testing.T) {
	assert.Equal(t, "0 messages", Plural(0, "message", "messages"))
	assert.Equal(t, "1 message", Plural(1, "message", "messages"))
	assert.Equal(t, "2 messages", Plural(int64(2), "message", "messages"))
}

func TestIDsAreAList(t *testing.T) {
	assert.Empty(t, IDs(nil))
	assert.Equal(t, "7", IDs([]int64{7}))
	assert.Equal(t, "7, 43456", IDs([]int64{7, 43456}))
}

func TestWhatDoesNotPrintIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"Zażółć \U0001f600": "Zażółć \U0001f600",
		"a\x1b[2Jb":         `a\x1b[2Jb`,
		"a\nb\u202ec":       `a\nb\u202ec`,
		"a\xffb":            `a\xffb`,
		"a\ufffdb":          "a\ufffdb", // which is in the text itself
	} {
		assert.Equal(t, want, Printable(text))
	}
}

func TestAQuotationIsShort(t *testing.T) {
	assert.Equal(t, `"a\tb"`, Quoted("a\tb"))
	assert.Equal(t, `"`+strings.Repeat("ż", 40)+`..."`, Quoted(strings.Repeat("ż", 41)))
}
