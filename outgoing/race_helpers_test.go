//go:build race

package outgoing_test

// raceDetector reports whether the race detector looks on.
const raceDetector = true
