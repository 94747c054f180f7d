package ratelimit

import (
	"math"
	"time"
)

// pace is how fast requests may be sent once the gateway has asked for fewer. It follows CUBIC (RFC 9438), like the adaptive mode of the AWS SDKs: after a limit was
// met the rate drops, comes back to the ceiling, where it stays for a while, and then probes for more. If nothing got
// through at all, the rate drops further, and doubles every second once it does (slow start). The rate depends on time
// only, so it also recovers while nothing is sent. The zero value sets no limit.
type pace struct {
	slowedAt  time.Time // when the rate last dropped
	limitedAt time.Time // when the gateway last asked for fewer
	resumedAt time.Time // when the hold that followed ends

	start     float64 // requests per second when the hold ends; this doubles every second,
	threshold float64 // up to here,
	ceiling   float64 // and then goes on, slowly near the ceiling: the rate at which the limit was met; +Inf if unknown
	confirmed bool    // the pace before this one met the limit too
}

const (
	paceRecovery = time.Minute // so long after the last limit the pace is forgotten
	paceDecrease = 0.8         // of the ceiling: where the rate goes on after it was met

	// A limit that is met at less than this part of the ceiling means that the ceiling was far too high.
	missedCeiling  = 0.9
	missedDecrease = 0.5

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
	if !p.recent(now) || math.IsInf(p.start, 1) {
		return math.Inf(1)
	}
	since := max(0, now.Sub(p.resumedAt).Seconds())
	rate := p.start * math.Exp2(since)
	if rate >= p.threshold {
		since -= math.Log2(p.threshold / p.start)
		x := since/p.plateau().Seconds() - math.Cbrt((1-p.threshold/p.ceiling)/(1-paceDecrease))
		rate = p.ceiling * (1 + (1-paceDecrease)*x*x*x)
	}
	if rate > maxRate {
		return math.Inf(1)
	}
	return rate
}

// recent reports whether the gateway has asked for fewer requests within the last minute.
func (p pace) recent(now time.Time) bool {
	return !p.limitedAt.IsZero() && now.Sub(p.limitedAt) < paceRecovery
}

// limits reports whether the pace sets any limit.
func (p pace) limits(now time.Time) bool { return !math.IsInf(p.rate(now), 1) }

func (p pace) plateau() time.Duration {
	if !p.confirmed {
		return minPlateau
	}
	return max(minPlateau, plateauHolds*p.resumedAt.Sub(p.slowedAt))
}

// afterHold returns the pace after the gateway asked for fewer requests, and none before the time until.
func (p pace) afterHold(now, until time.Time) pace {
	p.limitedAt, p.resumedAt = now, until
	return p
}

// slower returns the pace after a limit was met at a rate, in requests per second. A limit that is the first within a
// minute may be a passing one: then the hold must do, and requests are sent together after it.
func (p pace) slower(now time.Time, met float64) pace {
	next := pace{slowedAt: now, confirmed: p.limits(now)}
	switch {
	case !p.recent(now):
		next.start, next.ceiling = math.Inf(1), met
		return next
	case next.confirmed && met < missedCeiling*p.ceiling:
		return next.startAt(met, missedDecrease)
	}
	return next.startAt(met, paceDecrease)
}

// startAt sets the ceiling, and the start at a part of it.
func (p pace) startAt(ceiling, part float64) pace {
	p.ceiling = max(ceiling, minRate)
	p.start = max(part*ceiling, minRate)
	p.threshold = p.start
	return p
}

// withHigherCeiling returns the pace after more requests a second than the ceiling were served.
func (p pace) withHigherCeiling(served float64) pace {
	if math.IsInf(p.start, 1) {
		p.ceiling = served
		return p
	}
	return p.startAt(served, paceDecrease)
}

// afterTotalFailure returns the pace after a limit was met when nothing had succeeded since the one before. The gateway may well be
// down, which tells nothing about the rate that it will allow later: so requests become rarer, and the ceiling stays.
func (p pace) afterTotalFailure(now time.Time) pace {
	next := pace{slowedAt: now, start: math.Inf(1), threshold: math.Inf(1), ceiling: math.Inf(1)}
	if p.recent(now) {
		next.start = max(min(p.rate(now)/2, firstRate, p.ceiling), minRate)
		next.threshold, next.ceiling = p.ceiling, p.ceiling
	}
	return next
}

// meter counts events over the last second.
type meter struct {
	begun          time.Time // of the current second
	before, during float64   // events in the second before it, and in it
}

func (m *meter) turn(now time.Time) {
	switch age := now.Sub(m.begun); {
	case age >= 2*time.Second:
		*m = meter{begun: now}
	case age >= time.Second:
		*m = meter{begun: m.begun.Add(time.Second), before: m.during}
	}
}

func (m *meter) add(now time.Time) {
	m.turn(now)
	m.during++
}

// rate returns the events of the last second; those of its part before the current one are estimated.
func (m *meter) rate(now time.Time) float64 {
	m.turn(now)
	return m.during + m.before*(1-now.Sub(m.begun).Seconds())
}
