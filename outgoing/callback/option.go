package callback

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// An Option sets one thing. A nil or invalid option makes [New] fail with [outgoing.ErrInvalidArgument].
type Option func(*options) error

type options struct {
	tokens       [][sha256.Size]byte // hashed, so that a handler that is printed does not show them
	withoutToken bool
	client       *outgoing.Client // nil without confirmation
	logger       *slog.Logger
	limit        int
}

// WithTokens lets in callbacks that have one of these bearer tokens. Give one, or both the old and the new one while
// the token in the vendor's panel is replaced. A second WithTokens adds its tokens.
func WithTokens(tokens ...string) Option {
	return func(o *options) error {
		if len(tokens) == 0 {
			return errors.New("WithTokens: there is no token")
		}
		for i, token := range tokens {
			if err := header.CheckToken(token); err != nil {
				return fmt.Errorf("WithTokens: token %d: %w", i+1, err)
			}
			o.tokens = append(o.tokens, sha256.Sum256([]byte(token)))
		}
		return nil
	}
}

// WithoutToken lets in anyone who can reach the URL. It needs [WithConfirmation].
func WithoutToken() Option {
	return func(o *options) error {
		o.withoutToken = true
		return nil
	}
}

// WithConfirmation looks up with c what a callback reports, and hands on what the gateway says now. So a forged or late
// callback cannot hand on what the gateway does not confirm. Give it a Client of its own: see the package's section on confirmation.
//
// The look-up is one attempt of at most 10 seconds. If it fails, the callback is refused, and its repetition is the retry.
func WithConfirmation(c *outgoing.Client) Option {
	return func(o *options) error {
		if _, err := c.GetByIDs(context.Background(), nil); err != nil { // sends nothing: tells a nil or zero client
			return errors.New("WithConfirmation: the client is nil or zero: make one with outgoing.New")
		}
		o.client = c
		return nil
	}
}

// WithLogger sets the logger. What the handler itself logs has no token and no recipient in it; the sink's errors are logged
// as they are. Nothing is logged unless given.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) error {
		if l == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		o.logger = l
		return nil
	}
}

// WithLimit sets how many callbacks may be in progress at once, in the look-up or the sink: 16 unless given, at least 1. More
// are turned away with a 503, and come again.
func WithLimit(n int) Option {
	return func(o *options) error {
		if n < 1 {
			return fmt.Errorf("WithLimit: %d: must be at least 1", n)
		}
		o.limit = n
		return nil
	}
}

// knowsToken reports whether the Authorization header is one of the tokens. All are compared, and their hashes in constant
// time, so that the time tells nothing about them.
func (o *options) knowsToken(authorization []string) bool {
	if len(authorization) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(token)))
	known := 0
	for _, token := range o.tokens {
		known |= subtle.ConstantTimeCompare(given[:], token[:])
	}
	return known == 1
}
