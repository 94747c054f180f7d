package server

import (
	"bufio"
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
	var msgs []outgoing.Message
	lines := map[int64]int{} // of the IDs
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		last := err != nil
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
		if len(line) > 0 {
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
		if last {
			break
		}
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
	if err := json.Unmarshal(line, &found, json.RejectUnknownMembers(true)); err != nil {
		return found.Message, err
	}
	if found.ID < 0 {
		return found.Message, fmt.Errorf("the ID %d is below 1", found.ID)
	}
	return found.Message, nil
}
