package server

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// row is a line of a file of messages: what get and list print with --format jsonl is one.
type row struct {
	outgoing.Message

	State  string         `json:"state"` // of a get
	Reason jsontext.Value `json:"reason"`
}

// highestID leaves room for the messages that come after those of a file.
const highestID = 1 << 62

// ReadMessages reads messages, one JSON object a line, and returns them by ID, the lowest first; those without one come last,
// in their order. Its errors name the line.
func ReadMessages(content []byte) ([]outgoing.Message, error) {
	var msgs []outgoing.Message
	lines := map[int64]int{} // of the IDs
	for n, line := range bytes.Split(content, []byte("\n")) {
		if line = bytes.Trim(line, "\ufeff \t\r\n"); len(line) == 0 {
			continue
		}
		m, err := readMessage(line)
		if err == nil && m.ID != 0 && lines[m.ID] > 0 {
			err = fmt.Errorf("the ID %d is in line %d already", m.ID, lines[m.ID])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		lines[m.ID] = n + 1
		msgs = append(msgs, m)
	}
	slices.SortStableFunc(msgs, func(a, b outgoing.Message) int {
		return cmp.Compare(cmp.Or(a.ID, math.MaxInt64), cmp.Or(b.ID, math.MaxInt64))
	})
	return msgs, nil
}

func readMessage(line []byte) (outgoing.Message, error) {
	if line[0] != '{' {
		return outgoing.Message{}, errors.New("it is not a JSON object on one line, as jq -c '.[]' makes them of an array")
	}
	// The members that the contract does not let be empty.
	found := row{Message: outgoing.Message{Type: outgoing.MessageTypeSMSPro, Recipient: "+48999000000", StatusCode: statusQueued}}
	err := json.Unmarshal(line, &found, json.RejectUnknownMembers(true))
	switch {
	case err != nil:
		err = inWords(err, line)
	case found.ID < 0 || found.ID > highestID:
		err = fmt.Errorf("the ID %d is below 1 or above %d", found.ID, int64(highestID))
	case found.State != "" && found.State != "found":
		err = fmt.Errorf("the state is %q: only rows that were found have a message", found.State)
	}
	return found.Message, err
}

// inWords says what is wrong with a line, without a word of Go.
func inWords(err error, line []byte) error {
	wrong, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return errors.New(strings.TrimPrefix(err.Error(), "jsontext: "))
	}
	member := wrong.JSONPointer.LastToken()
	if errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("unknown member %q", member)
	}
	var members map[string]jsontext.Value
	_ = json.Unmarshal(line, &members)
	return fmt.Errorf("%s cannot be %.40s", member, members[member])
}
