package ratelimit

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var paceEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A pace after a limit was met at 10 requests a second once, and twice, each time with a hold of a second.
var (
	heldOnce = pace{}.slower(paceEpoch, 10).afterHold(paceEpoch, paceEpoch.Add(time.Second))
	slowed   = heldOnce.slower(paceEpoch, 10).afterHold(paceEpoch, paceEpoch.Add(time.Second))
)

func TestR6_PaceRisesAgainWithTimeOnly(t *testing.T) {
	down := slowed
	for range 10 {
		down = down.afterTotalFailure(paceEpoch).afterHold(paceEpoch, paceEpoch.Add(time.Second))
	}
	unknown := pace{}.afterTotalFailure(paceEpoch).afterHold(paceEpoch, paceEpoch).afterTotalFailure(paceEpoch).afterHold(paceEpoch, paceEpoch.Add(time.Second))
	for _, test := range []struct {
		name  string
		pace  pace
		after time.Duration // the end of the hold
		want  float64
	}{
		{"a new client", pace{}, 0, math.Inf(1)},
		{"one limit within a minute", heldOnce, 0, math.Inf(1)},
		{"at the end of the hold", slowed, 0, 8},
		{"before it", slowed, -time.Second, 8},
		{"half a plateau", slowed, 4 * time.Second, 9.75},
		{"a plateau: back at the ceiling", slowed, 8 * time.Second, 10},
		{"and it stays near it", slowed, 10 * time.Second, 10.03},
		{"before it probes for more", slowed, 24 * time.Second, 26},
		{"a minute after the limit", slowed, 59 * time.Second, math.Inf(1)},

		{"nothing got through: rare", down, 0, 0.5},
		{"doubling", down, 2 * time.Second, 2},
		{"up to the ceiling, since no rate was at fault", down, time.Duration(math.Log2(20) * float64(time.Second)), 10},
		{"and near it for a while", down, 6 * time.Second, 10.02},
		{"a minute after the limit", down, 59 * time.Second, math.Inf(1)},

		{"nothing known: few", unknown, 0, 10},
		{"doubling", unknown, 3 * time.Second, 80},
		{"without an end", unknown, 10 * time.Second, math.Inf(1)},
	} {
		assert.InDelta(t, finite(test.want), finite(test.pace.rate(paceEpoch.Add(time.Second+test.after))), 0.01, test.name)
	}
}

func finite(rate float64) float64 { return min(rate, 1e9) }

func TestR6_CeilingThatWasFarTooHighIsHalved(t *testing.T) {
	p := slowed
	assert.InDelta(t, 0.8*9.5, p.slower(paceEpoch.Add(6*time.Second), 9.5).start, 1e-9, "near the ceiling")
	assert.InDelta(t, 4, p.slower(paceEpoch.Add(time.Second), 8).start, 1e-9, "far below it")
}

func TestR6_LongHoldsMakeTheLimitBeMetMoreRarely(t *testing.T) {
	hold := 5 * time.Second
	first := heldOnce.slower(paceEpoch, 10).afterHold(paceEpoch, paceEpoch.Add(hold))
	assert.Equal(t, minPlateau, first.plateau(), "one limit may be an outage")
	second := first.slower(paceEpoch, 10).afterHold(paceEpoch, paceEpoch.Add(hold))
	assert.Equal(t, 10*hold, second.plateau())
}

func TestR6_MeterCountsTheLastSecond(t *testing.T) {
	var m meter
	assert.Zero(t, m.rate(paceEpoch))
	for i := range 40 {
		m.add(paceEpoch.Add(time.Duration(i) * 50 * time.Millisecond))
	}
	assert.InDelta(t, 20, m.rate(paceEpoch.Add(1999*time.Millisecond)), 0.1)
	assert.InDelta(t, 10, m.rate(paceEpoch.Add(2500*time.Millisecond)), 0.1, "half of them are older")
	assert.Zero(t, m.rate(paceEpoch.Add(3500*time.Millisecond)))
}
