package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"holdfast/internal/ops"
	"holdfast/internal/replay"
)

// linesEvery is how often a line says how far it is, where nobody sees a bar.
const linesEvery = 5 * time.Second

// watching shows how far a replay is, on stderr: a bar on a terminal, a line every few seconds elsewhere. done ends it;
// it may be called again.
func (c *command) watching(what string) (at func(replay.Status), done func()) {
	if terminal(c.err) {
		return c.watchingBar(what)
	}
	next := time.Now().Add(linesEvery)
	return func(s replay.Status) {
		if time.Now().After(next) {
			next = time.Now().Add(linesEvery)
			fmt.Fprintf(c.err, "%s: at %d of %d to %d%s%s\n", what, s.Position, s.First, s.Last, pace(s), soFar(s))
		}
	}, func() {}
}

func (c *command) watchingBar(what string) (at func(replay.Status), done func()) {
	m := c.meter(progressbar.OptionShowIts(), progressbar.OptionShowCount(), progressbar.OptionFullWidth())
	return func(s replay.Status) {
		first := min(s.First, s.Last)
		m.at(what+soFar(s), int64(min(max(s.Position+1, first), s.Last+1)-first), int64(max(s.Last-first+1, 1)))
	}, m.done
}

// pace is how fast it goes, and how long the rest takes.
func pace(s replay.Status) string {
	if s.Rate == 0 {
		return ""
	}
	text := fmt.Sprintf(", %.0f/s", s.Rate)
	if s.Left > 0 {
		text += ", " + ops.Span(s.Left) + " left"
	}
	return text
}

// soFar is what came of what was driven.
func soFar(s replay.Status) string {
	if s.Driven == 0 {
		return ""
	}
	parts := []string{fmt.Sprintf("%d driven", s.Driven), fmt.Sprintf("%d in flight", s.InFlight)}
	for _, what := range slices.Sorted(maps.Keys(s.Outcomes)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.Outcomes[what], what))
	}
	return "; " + strings.Join(parts, ", ")
}
