package bench

import (
	"fmt"
	"strings"
)

// lines are for people: what, and how much of it.
type lines struct{ strings.Builder }

func (l *lines) add(what, format string, values ...any) {
	fmt.Fprintf(l, "%-28s %s\n", what, fmt.Sprintf(format, values...))
}

func (l *lines) ratio(what string, s Spread) {
	l.add(what, "%.2f (%.2f to %.2f)", s.Median, s.Min, s.Max)
}

func (l *lines) rate(what string, s Spread) {
	l.add(what, "%.0f/s (%.0f to %.0f)", s.Median, s.Min, s.Max)
}

func (l *lines) machine(m Machine) {
	l.add("machine", "%d CPUs, %s/%s, %s, nats-server %s", m.CPUs, m.OS, m.Arch, m.Go, m.NATS)
}

// String is the report for people.
func (r PipelineReport) String() string {
	var l lines
	l.add("requests", "%d of %d bytes, in each of %d rounds", r.Requests, r.RequestBytes, r.Rounds)
	l.ratio("ratio", r.Ratio)
	l.rate("worker", r.Worker)
	l.rate("hand-written loop", r.Loop)
	l.rate("loop without ledger look", r.Bare)
	l.ratio("ratio of processor time", r.CPURatio)
	l.add("processor time", "worker %.0f µs, loop %.0f µs a request, server included", r.WorkerCost.Median, r.LoopCost.Median)
	l.add("calls to Vault", "%d", r.VaultCalls)
	l.machine(r.Machine)
	return l.String()
}

// String is the report for people.
func (r SuspendReport) String() string {
	var l lines
	l.add("runs", "%d of one connection, in each of %d rounds", r.Requests, r.Rounds)
	l.ratio("ratio of suspending", r.SuspendRatio)
	l.rate("worker", r.WorkerSuspend)
	l.rate("loop, same writes", r.LoopSuspend)
	l.ratio("all reads, deliveries too", r.SameSuspendRatio)
	l.rate("that loop", r.SameSuspend)
	l.ratio("ratio of resuming", r.ResumeRatio)
	l.rate("worker", r.WorkerResume)
	l.rate("loop, same writes", r.LoopResume)
	l.ratio("all reads, deliveries too", r.SameResumeRatio)
	l.rate("that loop", r.SameResume)
	l.ratio("processor time, suspending", r.SuspendCPURatio)
	l.ratio("processor time, resuming", r.ResumeCPURatio)
	l.add("calls to Vault", "%d at most in a round", r.VaultCalls)
	l.add("calls to the provider", "%d at most in a round", r.ProviderCalls)
	l.machine(r.Machine)
	return l.String()
}

// String is the report for people.
func (r AlarmsReport) String() string {
	var l lines
	l.add("suspensions held", "%d, of which %d were due at once", r.Held, r.Due)
	l.add("terminated exactly once", "%d", r.Terminated)
	l.add("late", "p50 %.2f s, p99 %.2f s (%.2f to %.2f s)", r.Lateness.P50, r.Lateness.P99, r.Lateness.Least, r.Lateness.Most)
	l.add("last outcome after", "%.2f s", r.SettledSeconds)
	if r.ServerBytes > 0 {
		l.add("server memory", "%d bytes for each suspension", r.ServerBytes)
	}
	l.add("calls to Vault", "%d", r.VaultCalls)
	l.machine(r.Machine)
	return l.String()
}

// String is the report for people.
func (r RotationReport) String() string {
	var l lines
	l.add("polled every", "%.0f s", r.PollSeconds)
	for _, s := range r.Sizes {
		l.add(fmt.Sprintf("%d connections", s.Connections), "%d broken, %d rotations: resumed after p50 %.2f s, p99 %.2f s (%.2f to %.2f s); %.1f calls to Vault a second",
			s.Broken, s.Rotations, s.Resumed.P50, s.Resumed.P99, s.Resumed.Least, s.Resumed.Most, s.VaultCalls)
	}
	l.machine(r.Machine)
	return l.String()
}
