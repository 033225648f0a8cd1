package top

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"holdfast/internal/ops"
)

// mostHealth is how many lines health has.
const mostHealth = 5

// health is what is well in as few lines as it fits, and a line for each trouble: most lines at most. Trouble comes first.
func (v View) health(s Snapshot, most int) []string {
	var well, ill []string
	workers := 0
	for _, d := range s.Dependencies {
		switch {
		case d.State == Trouble:
			ill = append(ill, v.red(dependency(d), true))
		case strings.HasPrefix(d.Name, workerPrefix):
			workers++
		default:
			well = append(well, dependency(d))
		}
	}
	if workers > 0 {
		well = append(well, fmt.Sprintf("workers ready %d", workers))
	}
	fine := v.flow(well, v.Width-healthWidth)
	fine = fine[:min(len(fine), max(0, most-len(ill)))]
	if len(ill) > most {
		ill = append(ill[:most-1], v.red(fmt.Sprintf("and %d more", len(ill)-most+1), true))
	}
	lines := slices.Concat(fine, ill)
	for i, l := range lines {
		lines[i] = v.bold(pad(map[bool]string{true: "HEALTH"}[i == 0], healthWidth)) + l
	}
	return lines
}

const healthWidth = 8

// flow puts parts into lines of at most a width.
func (v View) flow(parts []string, width int) (lines []string) {
	line := ""
	for _, p := range parts {
		if joined := line + " · " + p; line != "" && text.StringWidthWithoutEscSequences(joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = p
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// dependency is how one does, in a few words.
func dependency(d Dependency) string {
	parts := []string{ops.Printable(d.Name) + " " + d.State}
	if d.PerSecond > 0 {
		parts = append(parts, fmt.Sprintf("%.1f/s", d.PerSecond))
	}
	if d.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%.1f/s of them fail", d.Failed))
	}
	if d.P99 > 0 {
		parts = append(parts, latency(d.P99))
	}
	if d.Detail != "" {
		parts = append(parts, ops.Printable(d.Detail))
	}
	return strings.Join(parts, ", ")
}
