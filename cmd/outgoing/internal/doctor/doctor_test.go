package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
)

func TestD1_D2_D3_D4_D5_D6_D7_D8_AGatewayAsTheDocumentsSayIsAllGood(t *testing.T) {
	transport := newTransport(t, sampled())
	found := run(t, config(transport))
	found.othersAreGood(t)
	found.is(t, doctor.Skipped, "connection", "in memory")
	assert.Less(t, transport.requests.Load(), int32(30))
}
