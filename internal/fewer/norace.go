//go:build !race

package fewer

// Raced reports whether the race detector looks on, with which each run takes many times as long.
const Raced = false
