package errline_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/errline"
)

func checkLine(t *testing.T, text string, limit int) {
	t.Helper()
	assert.LessOrEqual(t, len(text), limit)
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
}

func TestE2_ALineSaysOnceWhereItComesFrom(t *testing.T) {
	inner := errline.New("inner", io.EOF)
	outer := errline.Wrap("outer", inner, io.ErrClosedPipe)
	require.EqualError(t, outer, "outgoing: outer: inner")
	require.ErrorIs(t, outer, io.EOF)
	require.ErrorIs(t, outer, io.ErrClosedPipe)
	require.EqualError(t, errline.WithPrevious(outer, errline.New("earlier")), "outgoing: outer: inner; before that: earlier")
	assert.Equal(t, outer, errline.WithPrevious(outer, inner), "which is a part of it already")
	assert.Equal(t, outer, errline.WithPrevious(outer, nil))
}

func TestE2_ATextIsClippedBetweenCharacters(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"plain", 5, "plain"}, {"plain", 4, "p..."}, {"plain", 3, "..."}, {"plain", 2, ".."}, {"plain", 0, ""}, {"", 0, ""},
		{"ąęż", 6, "ąęż"}, {"ąęż", 5, "ą..."}, {"a\nb", 9, `a\nb`}, {"\x1b[0m", 9, `\x1b[0m`}, {"\xff", 9, `\xff`}, {"\u202e", 9, `\u202e`}, {"\x00\x00", 5, `\x...`},
	} {
		assert.Equal(t, test.want, errline.Clip(test.text, test.limit), "%q to %d", test.text, test.limit)
	}
}

func TestB10_TheCauseOfAContextIsTextOnly(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(io.ErrClosedPipe)
	err := errline.Context(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, io.ErrClosedPipe)
	require.ErrorContains(t, err, io.ErrClosedPipe.Error())
	plain, stop := context.WithCancel(context.Background())
	stop()
	assert.Equal(t, context.Canceled, errline.Context(plain))
}

func TestANumberHasItsWord(t *testing.T) {
	assert.Equal(t, []string{"0 rows", "1 row", "2 rows"}, []string{errline.Plural(0, "row"), errline.Plural(1, "row"), errline.Plural(2, "row")})
}

func FuzzClip(f *testing.F) {
	for _, s := range []string{"", "a", "ąęż", "\x00\n\r\t\x1b[0m", "\xff\xfe", "\u202e\u2028\ufeff", "\\\"`", strings.Repeat("ą", 300), "\uFFFD", "\U0001F600"} {
		f.Add(s, 5)
		f.Add(s, 512)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, limit%1000)
		got := errline.Clip(s, limit)
		checkLine(t, got, limit)
		if len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
			assert.Equal(t, s, got)
		}
		checkLine(t, errline.New(s).Error(), 512)
		checkLine(t, errline.Wrap(s, errors.New(s)).Error(), 512)
	})
}

func TestTwoErrorsAreTheSameIfTheirTextsAndReasonsAre(t *testing.T) {
	a, b := errors.New("full"), errors.New("full")
	held := func(cause error) error { return errline.Wrap("not sent", cause, io.EOF) }
	first, again := held(a), held(a)
	require.ErrorIs(t, first, again)
	require.NotErrorIs(t, held(a), held(b), "the same text only")
	require.NotErrorIs(t, held(a), errline.Wrap("sent", a, io.EOF))
	require.NotErrorIs(t, held(a), errline.Wrap("not sent", a))
}

// endsMeanwhile is a context that is done from the second time on that it is asked.
type endsMeanwhile struct {
	context.Context
	asked int
}

func (c *endsMeanwhile) Err() error {
	if c.asked++; c.asked == 1 {
		return nil
	}
	return context.Canceled
}

func TestAContextThatEndsWhileItIsAskedIsNotDoneYet(t *testing.T) {
	ctx := &endsMeanwhile{Context: t.Context()}
	require.NoError(t, errline.Context(ctx))
	require.ErrorIs(t, errline.Context(ctx), context.Canceled)
}
