package outgoing

import (
	"fmt"
	"slices"
)

// State is what is known about the cancelling of one message.
type State int

// The states of a cancellation. The zero value is Unknown.
const (
	Unknown   State = iota // a request left, and no answer says whether it took effect
	NotSent                // untouched: no request with this ID left this process, or the gateway turned it away as a whole (401, 403, 429)
	Cancelled              // 204
	Rejected               // the gateway refused
)

var stateNames = []string{Unknown: "unknown", NotSent: "not sent", Cancelled: "cancelled", Rejected: "rejected"}

// String is "unknown", "not sent", "cancelled" or "rejected".
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return stateNames[s]
}

// MarshalText is String, for JSON and logs.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote, so that stored results can be read back. Any other text is
// ErrInvalidArgument, and leaves s as it is.
func (s *State) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames, string(text))
	if i < 0 {
		return invalid(fmt.Sprintf("%.40q is not the name of a State", text))
	}
	*s = State(i)
	return nil
}
