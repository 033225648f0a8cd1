package top

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/scrape"
)

// busHealth is how the bus does: whether it answers, how quickly, and whether all replicas are there.
func busHealth(streams map[string]bus.StreamState, took time.Duration, problem string) Dependency {
	d := Dependency{Name: "bus", State: Healthy, P99: took.Seconds()}
	var away []string
	replicas := 0
	for _, s := range streams {
		replicas = max(replicas, s.Replicas)
		for _, name := range s.Away {
			if !slices.Contains(away, name) {
				away = append(away, name)
			}
		}
	}
	slices.Sort(away)
	switch {
	case problem != "":
		d.State, d.Detail = Trouble, problem
	case len(away) > 0:
		d.State, d.Detail = Trouble, "not up to date: "+strings.Join(away, ", ")
	case replicas > 1:
		d.Detail = fmt.Sprintf("%d replicas", replicas)
	}
	return d
}

// workerPrefix begins the names of workers among the dependencies.
const workerPrefix = "worker "

// idleWorkers is the trouble that messages wait and no worker asks for them; nil where there is none of it.
func idleWorkers(all []Consumer) []Dependency {
	var names []string
	for _, c := range all {
		if c.Trouble {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []Dependency{{Name: "workers", State: Trouble, Detail: "messages wait, and none is asked for: " + strings.Join(names, ", ")}}
}

// answers is what one worker said.
type answers struct {
	series []scrape.Series
	why    string
	err    error
}

// askWorkers gives the stages' latencies and what was put off to s, and how Vault, the providers and the workers themselves do.
func (c *Collector) askWorkers(ctx context.Context, s *Snapshot) []Dependency {
	if len(c.Workers) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, scrape.Patience)
	defer cancel()
	all := make([]answers, len(c.Workers))
	var asking sync.WaitGroup
	for i, w := range c.Workers {
		asking.Go(func() {
			a := &all[i]
			if a.series, a.err = w.Metrics(ctx); a.err == nil {
				a.why, a.err = w.Ready(ctx)
			}
		})
	}
	asking.Wait()
	var workers []Dependency
	for i, a := range all {
		if a.err == nil {
			c.stages.take(c.Workers[i].Name(), a.series)
			c.retries.take(c.Workers[i].Name(), a.series, s.At)
		}
		workers = append(workers, workerHealth(c.Workers[i].Name(), a))
	}
	s.Stages = c.stages.latencies(s.Seconds)
	s.Retries, s.RetriesSeconds = c.retries.since(s.At)
	return append(c.stages.dependencies(s.Seconds), workers...)
}

func workerHealth(name string, a answers) Dependency {
	d := Dependency{Name: workerPrefix + name, State: Healthy}
	switch {
	case a.err != nil:
		d.State, d.Detail = Trouble, ops.Printable(a.err.Error())
	case a.why != "":
		d.State, d.Detail = Trouble, ops.Printable(a.why)
	}
	return d
}
