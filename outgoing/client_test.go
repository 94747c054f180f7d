package outgoing_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// A Client that New did not make is a mistake of the caller, as a bad option is.
func TestAClientThatNewDidNotMakeIsAnInvalidArgument(t *testing.T) {
	for name, client := range map[string]*outgoing.Client{"nil": nil, "zero": {}} {
		for op, call := range operations(t, client) {
			assert.NotPanics(t, func() { assertInvalid(t, call(), "New") }, "%s, %s", name, op)
		}
		yields := 0
		assert.NotPanics(t, func() {
			for _, err := range client.StreamByIDs(t.Context(), slices.Values(ids(1))) {
				yields++
				assertInvalid(t, err, "New")
			}
		}, name)
		assert.Equal(t, 1, yields, name)
	}
}
