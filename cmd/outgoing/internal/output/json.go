package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// jsonWriter writes rows as they come, each as JSON on a line of its own.
type jsonWriter[T any] struct {
	w     io.Writer
	value func(T) any

	start, between, after, end, none string

	begun bool
}

func (j *jsonWriter[T]) Write(row T) error {
	before := j.between
	if !j.begun {
		before = j.start
	}
	line, err := appendJSON([]byte(before), j.value(row))
	if err != nil {
		return err
	}
	j.begun = true
	_, err = j.w.Write(append(line, j.after...))
	return err
}

func (j *jsonWriter[T]) Close() error {
	end := j.end
	if !j.begun {
		end = j.none
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// appendJSON writes a value as the gateway would, but for what does not print: JSON itself escapes only the first 32 characters.
func appendJSON(b []byte, value any) ([]byte, error) {
	var encoded bytes.Buffer
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	for text := bytes.TrimSuffix(encoded.Bytes(), []byte("\n")); len(text) > 0; {
		r, size := utf8.DecodeRune(text)
		switch high, low := utf16.EncodeRune(r); {
		case !display.Unprintable(r):
			b = append(b, text[:size]...)
		case r > 0xffff:
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		text = text[size:]
	}
	return b, nil
}
