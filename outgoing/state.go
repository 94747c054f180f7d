package outgoing

import "fmt"

// State is what is known about the cancelling of one message.
type State int

// The states of a cancellation. The zero value is Unknown.
const (
	Unknown   State = iota // a request left, and no answer says whether it took effect
	NotSent                // untouched: no request with this ID left this process, or the gateway turned it away as a whole (401, 403, 429)
	Cancelled              // 204
	Rejected               // the gateway refused
)

// String is "unknown", "not sent", "cancelled" or "rejected".
func (s State) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case NotSent:
		return "not sent"
	case Cancelled:
		return "cancelled"
	case Rejected:
		return "rejected"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// MarshalText is String, for JSON and logs.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
