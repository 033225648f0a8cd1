package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/pause"
)

// AlarmsReport tells how late suspensions are terminated when many end at once, among many that do not.
type AlarmsReport struct {
	Bench string `json:"bench"` // alarms
	// Held is how many suspensions wait, Due how many of them end at the same moment.
	Held int `json:"held"`
	Due  int `json:"due"`
	// Terminated is how many ended; each was checked to have ended exactly once, none early, and no other.
	Terminated int `json:"terminated"`
	// Lateness is from a suspension's deadline to when its end was stored, both by the server's clock. An
	// alarm has whole seconds: up to one of them is rounding.
	Lateness Lateness `json:"lateness_seconds"`
	// SettledSeconds is from the deadline to the last outcome.
	SettledSeconds float64 `json:"settled_seconds"`
	// ServerBytes is by how much the server's resident memory grew for each suspension held: ledger, chain
	// and timer together, garbage included; 0 where it can not be told.
	ServerBytes int64   `json:"server_bytes_per_suspension"`
	VaultCalls  int64   `json:"vault_calls"`
	Machine     Machine `json:"machine"`
}

// Lateness is in seconds.
type Lateness struct {
	Least float64 `json:"least"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Most  float64 `json:"most"`
}

const (
	alarmsHeld     = 100_000
	alarmsDue      = 10_000
	heldConnection = "held"
	dueConnection  = "due"
	// Extending takes each suspension some steps on the bus: this much time is allowed for it.
	extendAtLeast   = 5 * time.Second
	extendPerSecond = 400
)

// Alarms measures alarms: it has one round.
func Alarms(ctx context.Context, o Options) (AlarmsReport, error) {
	held := orDefault(o.Requests, alarmsHeld)
	due := min(orDefault(o.Due, alarmsDue), max(held/10, 1))
	r := AlarmsReport{Bench: "alarms", Held: held, Due: due}
	err := withStand(ctx, o, false, func(s *stand) error {
		r.Machine = s.machine()
		a := &alarms{stand: s, held: held - due, due: due, report: &r}
		return within(ctx, a.run)
	})
	return r, err
}

type alarms struct {
	*stand

	held, due int
	report    *AlarmsReport
	deadline  time.Time
}

func (a *alarms) run(ctx context.Context) (err error) {
	if err := a.prepare(ctx); err != nil {
		return err
	}
	before := a.memory()
	// Neither connection has a secret, so every run is suspended.
	suspended, err := a.startWorkerAnd(ctx, a.suspendAll)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, suspended()) }()
	a.report.ServerBytes = max(0, a.memory()-before) / int64(a.held+a.due)
	if err := a.extend(ctx); err != nil {
		return fmt.Errorf("extend: %w", err)
	}
	if err := a.awaitEnds(ctx); err != nil {
		return err
	}
	a.report.VaultCalls = a.vault.count()
	return a.check(ctx)
}

func (a *alarms) prepare(ctx context.Context) error {
	if err := a.fresh(ctx); err != nil {
		return err
	}
	auth := events.AuthSettings{Method: "basic"}
	if err := a.introduce(ctx, connection(heldConnection, auth), connection(dueConnection, auth)); err != nil {
		return err
	}
	if err := a.preload(ctx, heldConnection, a.held); err != nil {
		return err
	}
	return a.preload(ctx, dueConnection, a.due)
}

func (a *alarms) memory() int64 {
	if a.server == nil {
		return 0
	}
	return residentBytes(a.server.PID())
}

// startWorkerAnd starts a worker that goes on after step; what it gives stops it.
func (a *alarms) startWorkerAnd(ctx context.Context, step func(context.Context) error) (stop func() error, err error) {
	if stop, err = a.startWorker(ctx); err != nil {
		return nil, err
	}
	if err := step(ctx); err != nil {
		return nil, errors.Join(err, stop())
	}
	return stop, nil
}

func (a *alarms) suspendAll(ctx context.Context) error {
	_, err := a.settled(ctx, events.StreamActions, bus.DurableActions, a.held+a.due)
	return err
}

// extend gives the due connection's suspensions one deadline: an extension counts from when the command was
// stored.
func (a *alarms) extend(ctx context.Context) error {
	wait := (extendAtLeast + time.Duration(a.due)*time.Second/extendPerSecond).Round(time.Second)
	err := a.publish(ctx, events.SuspensionExtendRequested, events.SuspensionCommand{
		Connection: dueConnection, Actor: "ann", ExtendFor: events.Seconds(wait.Seconds()),
	})
	if err != nil {
		return err
	}
	if _, err := a.settled(ctx, events.StreamActions, bus.DurableCommands, 1); err != nil {
		return err
	}
	return a.each(ctx, events.StreamSuspensions, events.ChainsFilter(tenant, dueConnection, ""), func(_ string, r events.Record) error {
		if r.Type != events.SuspensionExtended {
			return nil
		}
		p, err := events.Payload[events.Suspension](r.Event)
		a.deadline = p.TerminatesAt
		if err == nil && !r.Stored.Before(p.TerminatesAt) {
			err = errors.New("this machine was too slow to extend them all before their end; try fewer")
		}
		return err
	})
}

// awaitEnds waits until everything that was due has its outcome: a mark for each request, and the ends.
func (a *alarms) awaitEnds(ctx context.Context) error {
	bar := a.progress.step("terminated", a.due)
	defer bar.done()
	marks := uint64(a.held + a.due)
	outcomes, err := a.js.Stream(ctx, events.StreamOutcomes)
	if err != nil {
		return err
	}
	err = pause.Until(ctx, lookEvery, func() (bool, error) {
		info, err := outcomes.Info(ctx)
		if err != nil {
			return false, err
		}
		ended := int(info.State.Msgs) - int(marks)
		bar.at(ended)
		a.report.SettledSeconds = round(info.State.LastTime.Sub(a.deadline).Seconds(), 3)
		return ended >= a.due, nil
	})
	if err != nil {
		return err
	}
	// Whatever else an alarm would do is done before its message is acknowledged.
	_, err = a.settled(ctx, events.StreamTimers, bus.DurableAlarms, a.due)
	return err
}

// check reads the chains and ledgers: each that was due ended once, not early, and no other did.
func (a *alarms) check(ctx context.Context) error {
	var late []float64
	seen := make(map[string]bool, a.due)
	err := a.each(ctx, events.StreamSuspensions, events.ChainsFilter(tenant, "", ""), func(subject string, r events.Record) error {
		if r.Type != events.SuspensionTerminated {
			return nil
		}
		p, err := events.Payload[events.Suspension](r.Event)
		if err != nil {
			return err
		}
		after := r.Stored.Sub(p.TerminatesAt)
		if seen[subject] || p.Connection != dueConnection || after < 0 {
			return fmt.Errorf("%s was terminated twice, too early, or for no reason", subject)
		}
		seen[subject] = true
		late = append(late, after.Seconds())
		return nil
	})
	if err != nil {
		return err
	}
	ends, err := a.ends(ctx)
	if err != nil {
		return err
	}
	if len(late) != a.due || ends[events.ActionTerminated] != a.due || ends[events.ActionSuspended] != a.held+a.due || len(ends) != 2 {
		return fmt.Errorf("%d of %d chains were terminated, and these came of the requests: %v", len(late), a.due, ends)
	}
	slices.Sort(late)
	a.report.Terminated = len(late)
	a.report.Lateness = lateness(late)
	return nil
}

// lateness of sorted values, one at least.
func lateness(sorted []float64) Lateness {
	return Lateness{Least: round(sorted[0], 3), P50: round(quantile(sorted, 0.5), 3),
		P99: round(quantile(sorted, 0.99), 3), Most: round(sorted[len(sorted)-1], 3)}
}
