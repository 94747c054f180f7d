package ratelimit

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var paceEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// held is a pace after a hold, which begins at the epoch.
func held(p pace, hold time.Duration) pace {
	p.heldUntil = paceEpoch.Add(hold)
	return p
}

// limitedTwice is a pace after a limit was met at 10 requests a second twice, each time with a hold.
func limitedTwice(hold time.Duration) pace {
	return held(held(pace{}.slower(paceEpoch, 10, false), hold).slower(paceEpoch, 10, false), hold)
}

// failing is a pace after nothing got through for a long time, where a limit was met before.
func failing(before pace) pace {
	for range 10 {
		before = held(before.slower(paceEpoch, 1, true), time.Second)
	}
	return before
}

// reaches returns how long after a hold of this length the pace is as fast as that.
func reaches(t *testing.T, p pace, hold time.Duration, rate float64) time.Duration {
	t.Helper()
	for after := time.Duration(0); after <= paceRecovery; after += 10 * time.Millisecond {
		if p.rate(paceEpoch.Add(hold+after)) >= rate {
			return after
		}
	}
	t.Fatalf("%v a second are never reached", rate)
	return 0
}

func TestR6_PaceRisesAgainWithTimeOnly(t *testing.T) {
	for name, test := range map[string]struct {
		pace         pace
		first, known float64 // requests a second at most at first, and where the limit was
	}{
		"a limit that was met twice":            {limitedTwice(time.Second), 9.9, 10},
		"then nothing got through":              {failing(limitedTwice(time.Second)), 1, 10},
		"nothing ever got through":              {failing(pace{}), firstRate, maxRate},
		"a limit of one a second":               {held(held(pace{}.slower(paceEpoch, 0.1, false), time.Second).slower(paceEpoch, 0.1, false), time.Second), 0.8, 1},
		"more was served than was taken for it": {limitedTwice(time.Second).atLeast(20), 19, 20},
	} {
		before := 0.0
		for after := -time.Second; after < paceRecovery-time.Second; after += 50 * time.Millisecond {
			rate := test.pace.rate(paceEpoch.Add(time.Second + after))
			assert.GreaterOrEqual(t, rate, max(before, 0.8*minRate), "%s, after %v", name, after)
			if after <= 0 {
				assert.LessOrEqual(t, rate, test.first, name)
			}
			before = rate
		}
		assert.LessOrEqual(t, reaches(t, test.pace, time.Second, 0.95*test.known), 20*time.Second, name)
		assert.Greater(t, before, test.known, "%s: it probes for more", name)
		assert.True(t, math.IsInf(test.pace.rate(paceEpoch.Add(paceRecovery)), 1), "%s, a minute after the limit", name)
	}
}

func TestR6_FirstLimitWithinAMinuteSetsNoPace(t *testing.T) {
	for _, p := range []pace{{}, held(pace{}.slower(paceEpoch, 10, false), time.Second), held(pace{}.slower(paceEpoch, 1, true), time.Second)} {
		assert.True(t, math.IsInf(p.rate(paceEpoch.Add(time.Second)), 1))
	}
}

func TestR6_LongHoldsMakeTheLimitBeMetMoreRarely(t *testing.T) {
	short, long := limitedTwice(time.Second), limitedTwice(3*time.Second)
	assert.Greater(t, reaches(t, long, 3*time.Second, 11), 2*reaches(t, short, time.Second, 11))
}
