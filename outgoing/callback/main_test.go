package callback_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No callback may leave a goroutine behind (K6).
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
