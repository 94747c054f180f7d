//go:build !race

package outgoing_test

const raceDetector = false
