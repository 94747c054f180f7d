package outgoing_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No test of the package may leave a goroutine running (U2).
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
