//go:build race

package outgoing_test

// raceDetector makes tests of many runs make fewer: each takes many times as long.
const raceDetector = true
