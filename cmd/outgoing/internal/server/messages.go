package server

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// row is a line of a file of messages: what get and list print with --format jsonl is one.
type row struct {
	outgoing.Message

	State  jsontext.Value `json:"state"` // of a get, which is ignored
	Reason jsontext.Value `json:"reason"`
}

// ReadMessages reads messages, one JSON object a line, and returns them by ID, the lowest first; those without one come last,
// in their order. Its errors name the line.
func ReadMessages(r io.Reader) ([]outgoing.Message, error) {
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var msgs []outgoing.Message
	lines := map[int64]int{} // of the IDs
	n := 0
	for line := range bytes.Lines(content) {
		n++
		if line = bytes.Trim(line, "\ufeff \t\r\n"); len(line) == 0 {
			continue
		}
		m, err := readMessage(line)
		if err == nil && m.ID != 0 && lines[m.ID] > 0 {
			err = fmt.Errorf("the ID %d is in line %d already", m.ID, lines[m.ID])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		lines[m.ID] = n
		msgs = append(msgs, m)
	}
	slices.SortStableFunc(msgs, func(a, b outgoing.Message) int {
		if a.ID == 0 || b.ID == 0 {
			return -cmp.Compare(a.ID, b.ID)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return msgs, nil
}

func readMessage(line []byte) (outgoing.Message, error) {
	if line[0] != '{' {
		return outgoing.Message{}, errors.New("it is not a JSON object: a message is one object on one line")
	}
	var found row
	err := json.Unmarshal(line, &found, json.RejectUnknownMembers(true))
	if err == nil && found.ID < 0 {
		err = fmt.Errorf("the ID %d is below 1", found.ID)
	}
	return found.Message, err
}
