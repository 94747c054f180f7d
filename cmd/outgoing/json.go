package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// jsonOutput writes one JSON array, a row a line, as rows come.
type jsonOutput[T any] struct {
	w     io.Writer
	value func(T) any
	begun bool
}

func (j *jsonOutput[T]) write(row T) error {
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

func (j *jsonOutput[T]) close() error {
	end := "\n]\n"
	if !j.begun {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// linesOutput writes JSON Lines: one value a line.
type linesOutput[T any] struct {
	w     io.Writer
	value func(T) any
}

func (l *linesOutput[T]) write(row T) error {
	line, err := appendJSON(nil, l.value(row))
	if err != nil {
		return err
	}
	_, err = l.w.Write(append(line, '\n'))
	return err
}

func (l *linesOutput[T]) close() error { return nil }

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
