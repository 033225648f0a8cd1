package ops

import (
	"context"
	"fmt"
	"time"
)

// Dependents says, a line each, what depends on a connection: for people, before it is deleted.
func (m *Manager) Dependents(ctx context.Context, tenant, id string) ([]string, error) {
	v, err := ShowUsage(ctx, m.Connections, m.Uses, m.Chains, m.Secrets, tenant, id, m.Clock.Now())
	if err != nil {
		return nil, err
	}
	if len(v.Steps)+len(v.Suspended) == 0 {
		return []string{"no step was seen using it, and no suspended run waits for it"}, nil
	}
	var lines []string
	if n := len(v.Steps); n > 0 {
		lines = append(lines, fmt.Sprintf("steps seen using it: %d, the last at %s", n, v.LastUsed.UTC().Format(time.RFC3339)))
		for _, s := range v.Steps[:min(n, shownDependents)] {
			lines = append(lines, "  workflow "+s.Workflow+", step "+s.Step)
		}
	}
	if n := len(v.Suspended); n > 0 {
		lines = append(lines, fmt.Sprintf("suspended runs that wait for it: %d, the next ends at %s", n,
			v.Suspended[0].TerminatesAt.UTC().Format(time.RFC3339)))
		for _, w := range v.Suspended[:min(n, shownDependents)] {
			lines = append(lines, "  run "+w.Run+" of workflow "+w.Workflow+", step "+w.Step)
		}
	}
	if max(len(v.Steps), len(v.Suspended)) > shownDependents {
		lines = append(lines, "all of them: holdfast connections usage "+id+" --tenant "+tenant)
	}
	return lines, nil
}

// shownDependents is how many steps and runs are named.
const shownDependents = 10
