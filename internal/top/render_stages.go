package top

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/ops"
)

func (v View) stages(s Snapshot) []string {
	if len(s.Stages) == 0 {
		return []string{v.bold("STAGE"), "--metrics http://WORKER:9464", "shows how long they take"}
	}
	shown, heading := v.slowest(s.Stages), "STAGE"
	if len(shown) < len(s.Stages) {
		heading = fmt.Sprintf("%d OF %d STAGES", len(shown), len(s.Stages))
	}
	lines := []string{v.bold(fmt.Sprintf("%-14s%8s%8s%8s", heading, "/S", "P50", "P99"))}
	for _, st := range shown {
		lines = append(lines, fmt.Sprintf("%-14s%8.1f%8s%8s", ops.Printable(st.Name), st.PerSecond, latency(st.P50), latency(st.P99)))
	}
	return lines
}

// fewStages are as many as there are consumers beside them.
const fewStages = 7

// foremost are the stages that are shown where all are as quick, or idle.
var foremost = []string{"decide", "vault", "authenticate", "provider", "execute", "verify", "publish"}

// slowest are the stages that there is room for, in the order in which they come.
func (v View) slowest(all []Stage) []Stage {
	n := fewStages + max(0, v.Height-usual)/2 // half of what a larger screen has more
	if v.Height == 0 || n >= len(all) {
		return all
	}
	by := slices.Clone(all)
	slices.SortStableFunc(by, func(a, b Stage) int {
		return cmp.Or(cmp.Compare(b.P99, a.P99), cmp.Compare(b.PerSecond, a.PerSecond), cmp.Compare(slices.Index(foremost, b.Name), slices.Index(foremost, a.Name)))
	})
	return slices.DeleteFunc(slices.Clone(all), func(s Stage) bool { return !slices.Contains(by[:n], s) })
}

// mostRetries is how many reasons are named: two lines of them.
const mostRetries = 4

// retries say why deliveries were put off; nothing where no worker was asked.
func (v View) retries(s Snapshot) []string {
	if len(s.Stages) == 0 {
		return nil
	}
	span := "in " + ops.Span(time.Duration(s.RetriesSeconds*float64(time.Second)))
	var parts []string
	for i, r := range s.Retries {
		if i == mostRetries-1 && len(s.Retries) > mostRetries {
			parts = append(parts, fmt.Sprintf("%d reasons more", len(s.Retries)-i))
			break
		}
		parts = append(parts, ops.Printable(r.Reason)+" "+count(uint64(max(0, r.Count))))
	}
	if len(parts) == 0 {
		return []string{v.bold(pad("RETRIES", retriesWidth)) + "none " + span}
	}
	parts[0] = span + ": " + parts[0]
	lines := v.flow(parts, v.Width-retriesWidth)
	lines = lines[:min(len(lines), 2)]
	for i, l := range lines {
		lines[i] = v.bold(pad(map[bool]string{true: "RETRIES"}[i == 0], retriesWidth)) + l
	}
	return lines
}

const retriesWidth = 12
