package idfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// decodeText returns the text of a file as UTF-8 and without a byte order mark. With the mark of UTF-16, as PowerShell's >
// writes it, it is decoded from that; what is malformed, such as half a character at the end, becomes U+FFFD.
func decodeText(r io.Reader) io.Reader {
	return transform.NewReader(r, unicode.BOMOverride(transform.Nop))
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
			l.err = io.EOF // where the next one starts is not known
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
