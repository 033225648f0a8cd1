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
func (r PermissionsReport) String() string {
	var l lines
	l.add("requests", "%d, in each of %d rounds; %d users, %d permission sets", r.Requests, r.Rounds, r.Users, r.Sets)
	l.ratio("ratio", r.Ratio)
	l.rate("in an app", r.With)
	l.rate("without an app", r.Without)
	l.ratio("ratio of processor time", r.CPURatio)
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
func (r WaitingReport) String() string {
	const mib = 1 << 20
	var l lines
	l.add("requests", "%d of %d bytes waited %.0f s while Vault was sealed", r.Requests, r.RequestBytes, r.WaitedSeconds)
	for _, p := range []struct {
		what string
		b    WaitingBytes
	}{{"worker memory", r.Worker}, {"server memory", r.Server}} {
		l.add(p.what, "%d MiB with nothing to do, %d MiB while they waited, %d MiB at most", p.b.Idle/mib, p.b.Waiting/mib, p.b.Most/mib)
	}
	l.add("live on the worker's heap", "%.1f MiB while they waited", float64(r.WorkerHeap)/mib)
	l.add("held by the worker", "%d at most, of %d allowed", r.Held, r.HeldLimit)
	l.add("completed", "%d, each once, none suspended, %.1f s after Vault was unsealed", r.Completed, r.SettledSeconds)
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

// String is the report for people.
func (r ReplayReport) String() string {
	var l lines
	l.add("messages", "%d requests of %d bytes, %d outcomes of %d bytes, %d rounds", r.Requests, r.RequestBytes, r.Outcomes, r.OutcomeBytes, r.Rounds)
	l.ratio("ratio", r.Ratio)
	l.rate("dry replay", r.Replay)
	l.rate("ordered consumer", r.Bare)
	l.ratio("ratio of processor time", r.CPURatio)
	if r.PeakBytes > 0 {
		l.add("resident memory", "%d MB at most, %d MB before", r.PeakBytes>>20, r.BeforeBytes>>20)
	}
	l.machine(r.Machine)
	return l.String()
}
