package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
)

// tally is what is said at the end about the IDs of each state.
type tally[State comparable] map[State]group

// group is the IDs of one state.
type group struct {
	count    int
	first    []int64        // ten of them
	reason   string         // why they are in this state, of the first
	statuses map[string]int // how many messages have which status
}

func (t tally[State]) add(state State, id int64, status, reason string) {
	g := t[state]
	if g.statuses == nil {
		g.statuses = make(map[string]int)
	}
	if g.count++; g.count <= display.MaxNamed {
		g.first = append(g.first, id)
	}
	g.reason = cmp.Or(g.reason, reason)
	g.statuses[status]++
	t[state] = g
}

// counts returns how many IDs are in which of the states: "2 found, 0 missing".
func (t tally[State]) counts(states ...State) string {
	var parts []string
	for _, state := range states {
		parts = append(parts, fmt.Sprintf("%d %v", t[state].count, state))
	}
	return strings.Join(parts, ", ")
}

// names returns the first ten of the IDs, and how many more there are.
func (g group) names() string { return display.FirstIDs(g.first, g.count) }

const withoutStatus = "without a status" // stands where one would

// countedByStatus returns how many messages have which status: "2 DELIVERED, 1 QUEUED".
func countedByStatus(counts map[string]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, cmp.Or(status, withoutStatus)))
		}
	}
	return strings.Join(parts, ", ")
}
