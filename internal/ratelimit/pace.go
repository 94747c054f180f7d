package ratelimit

import (
	"math"
	"time"
)

// pace is how fast requests may be sent once the gateway has asked for fewer. It follows CUBIC (RFC 9438), as the adaptive
// mode of the AWS SDKs does: the rate drops below the one at which the limit was met, comes back to it, stays near it for a
// while, and then probes for more. From a much lower rate it doubles every second at most (slow start). The rate depends on
// time only, so it also recovers while nothing is sent. The zero value sets no limit.
type pace struct {
	slowedAt  time.Time // when the rate last dropped
	heldUntil time.Time // no request is sent before
	start     float64   // requests per second when the hold ends; 0 if any number may be sent
	failing   bool      // nothing got through
	ceiling   float64   // the rate at which the limit was met; maxRate if unknown
}

const (
	paceRecovery = time.Minute // so long after the last limit the pace is forgotten
	paceDecrease = 0.8         // of the ceiling: where the rate goes on after it was met

	// From 0.8 to the ceiling it takes one plateau, and about as long again until a limit is met. With a plateau of so many
	// holds, not much more than a tenth of the time is lost to holds.
	plateauHolds = 10
	minPlateau   = 8 * time.Second

	firstRate = 10.0 // requests per second at most, after nothing got through
	minRate   = 0.5
	maxRate   = 1000.0 // requests that may be sent faster than that are sent as they come
)

// rate returns how many requests a second may be sent; +Inf if any number may.
func (p pace) rate(now time.Time) float64 {
	if p.start == 0 || !p.recent(now) {
		return math.Inf(1)
	}
	since := max(0, now.Sub(p.heldUntil).Seconds())
	plateau := minPlateau.Seconds()
	if !p.failing {
		plateau = max(plateau, plateauHolds*p.heldUntil.Sub(p.slowedAt).Seconds())
	}
	x := (since - plateau) / plateau
	rate := min(p.start*math.Exp2(since), p.ceiling*(1+(1-paceDecrease)*x*x*x))
	if rate >= maxRate {
		return math.Inf(1)
	}
	return rate
}

// recent reports whether the gateway has asked for fewer requests within the last minute or, if it asked for a longer hold,
// within the minute after that.
func (p pace) recent(now time.Time) bool {
	since := p.slowedAt
	if p.heldUntil.Sub(since) >= paceRecovery {
		since = p.heldUntil
	}
	return now.Sub(since) < paceRecovery
}

// slower returns the pace after a limit was met while served requests a second succeeded. The first limit within a minute sets no
// pace: it may be a passing one, and requests are sent together after the hold. If the gateway is failing, since nothing succeeds,
// that says nothing about the rate that it will allow later: requests become rarer, and the ceiling stays.
func (p pace) slower(now time.Time, served float64, failing bool) pace {
	met := min(p.rate(now), max(served, 1))
	next := pace{slowedAt: now, heldUntil: p.heldUntil, failing: failing, ceiling: max(met, minRate)}
	switch again := p.recent(now); {
	case again && failing:
		next.ceiling = p.ceiling
		next.start = max(min(p.rate(now)/2, firstRate, p.ceiling), minRate)
	case again:
		next.start = max(paceDecrease*met, minRate)
	case failing:
		next.ceiling = maxRate
	}
	return next
}

// atLeast returns the pace after served requests a second succeeded, if that is more than the ceiling.
func (p pace) atLeast(served float64) pace {
	if served > p.ceiling || p.ceiling == maxRate {
		p.ceiling, p.failing = served, false
		if p.start > 0 {
			p.start = max(paceDecrease*served, minRate)
		}
	}
	return p
}
