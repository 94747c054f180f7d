package idfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText returns the text of a file as UTF-8 and without a byte order mark. With the mark of UTF-16, as PowerShell's >
// writes it, it is decoded from that.
func decodeText(r io.Reader) io.Reader {
	b := bufio.NewReader(&endedReader{r: r})
	start, _ := b.Peek(3)
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		_, _ = b.Discard(2)
		return &utf16Reader{r: b, high: 1}
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		_, _ = b.Discard(2)
		return &utf16Reader{r: b, high: 0}
	}
	return b
}

// endedReader does not read again after an error. A terminal has more after each Ctrl-D, and a person would have to press
// it once for every look ahead.
type endedReader struct {
	r   io.Reader
	err error
}

func (e *endedReader) Read(p []byte) (n int, err error) {
	if e.err != nil {
		return 0, e.err
	}
	n, e.err = e.r.Read(p)
	return n, e.err
}

// utf16Reader decodes UTF-16. What is malformed, such as half a character at the end, becomes U+FFFD.
type utf16Reader struct {
	r    *bufio.Reader
	high int    // which of two bytes is the high one
	text []byte // decoded, and not read yet
	next rune   // a unit that was read too early; 0 is none
	err  error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) < len(p) && u.err == nil {
		r := u.unit()
		if utf16.IsSurrogate(r) {
			low := u.unit()
			pair := utf16.DecodeRune(r, low)
			if pair == utf8.RuneError {
				u.next = low
			}
			r = pair
		}
		if r != noUnit {
			u.text = utf8.AppendRune(u.text, r)
		}
	}
	n := copy(p, u.text)
	u.text = append(u.text[:0], u.text[n:]...)
	if n == 0 && len(p) > 0 {
		return 0, u.err
	}
	return n, nil
}

const noUnit = rune(-1)

func (u *utf16Reader) unit() rune {
	if r := u.next; r != 0 {
		u.next = 0
		return r
	}
	var pair [2]byte
	switch _, err := io.ReadFull(u.r, pair[:]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		u.err = io.EOF
		return utf8.RuneError
	case err != nil:
		u.err = err
		return noUnit
	}
	return rune(pair[u.high])<<8 | rune(pair[1-u.high])
}

// rowLimiter cuts a text into rows: lines, or more than one where a quoted cell goes on.
type rowLimiter struct {
	r    *bufio.Reader
	line int // lines that were read
	err  error
	buf  []byte
}

var errLongRow = errors.New("it is longer than 1 MiB; is a quotation mark missing, or is this not a file of message IDs?")

// more reports whether there is another row, or an error to be returned.
func (l *rowLimiter) more() bool {
	if l.err == nil {
		_, l.err = l.r.Peek(1)
	}
	return !errors.Is(l.err, io.EOF)
}

// row returns the next row, which is good until the next call, and the number of its first line.
func (l *rowLimiter) row() (raw []byte, number int, err error) {
	l.buf = l.buf[:0]
	number = l.line + 1
	for quotes := (quoteScanner{atStart: true}); ; {
		part, err := l.r.ReadSlice('\n')
		l.buf = append(l.buf, part...)
		quotes.scan(part)
		switch {
		case len(l.buf) > maxRow:
			l.err = io.EOF // there is no telling where the next one starts
			return nil, number, &rowError{number, errLongRow}
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			l.err = io.EOF
			return l.buf, number, nil
		case err != nil:
			return nil, number, err
		}
		l.line++
		if !quotes.open {
			return l.buf, number, nil
		}
	}
}

// quoteScanner follows quoted cells. A quotation mark opens one only where a cell starts.
type quoteScanner struct{ open, atStart bool }

func (q *quoteScanner) scan(text []byte) {
	for _, c := range text {
		switch {
		case c == '"' && q.open:
			q.open, q.atStart = false, true // the second of a doubled one opens it again
		case c == '"' && q.atStart:
			q.open = true
		case q.open, c == ' ':
		default:
			q.atStart = bytes.IndexByte([]byte(separators), c) >= 0
		}
	}
}
