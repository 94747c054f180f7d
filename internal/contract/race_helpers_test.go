//go:build race

package contract_test

// raced says that the race detector looks on. There is hardly anything for it to see here, and it makes everything slow.
const raced = true
