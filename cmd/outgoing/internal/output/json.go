package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// jsonWriter writes one JSON array, a row a line, as rows come.
type jsonWriter[T any] struct {
	w     io.Writer
	value func(T) any
	begun bool
}

func (j *jsonWriter[T]) Write(row T) error {
	start := ",\n  "
	if !j.begun {
		start = "[\n  "
	}
	line, err := appendJSON([]byte(start), j.value(row))
	if err != nil {
		return err
	}
	j.begun = true
	_, err = j.w.Write(line)
	return err
}

func (j *jsonWriter[T]) Close() error {
	end := "\n]\n"
	if !j.begun {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// linesWriter writes JSON Lines: one value a line.
type linesWriter[T any] struct {
	w     io.Writer
	value func(T) any
}

func (l *linesWriter[T]) Write(row T) error {
	line, err := appendJSON(nil, l.value(row))
	if err != nil {
		return err
	}
	_, err = l.w.Write(append(line, '\n'))
	return err
}

func (l *linesWriter[T]) Close() error { return nil }

// appendJSON writes a value as the gateway would, but for characters that a terminal might act on: JSON escapes only
// the first 32 of them.
func appendJSON(b []byte, value any) ([]byte, error) {
	var encoded bytes.Buffer
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	text := bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r <= 0xffff && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			b = append(b, text[:size]...)
		}
		text = text[size:]
	}
	return b, nil
}
