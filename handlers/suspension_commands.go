package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

// SuspensionResumeRequested resumes what it names, without a check: whoever asks may know that the target
// was repaired although nothing changed in Vault.
func (h *Handlers) SuspensionResumeRequested(ctx context.Context, m dispatch.Meta, c events.SuspensionCommand) dispatch.Result {
	if c.GivenUp > 0 {
		return h.givenUp(ctx, m, c)
	}
	step := suspension.Step{Cause: events.CauseOperator, Actor: c.Actor, Asked: m.Time}
	return h.eachNamed(ctx, m, c, "resumed", func(rec events.ChainRecord) error {
		return h.resume(ctx, rec, step, connection.Fence{})
	})
}

// SuspensionTerminateRequested ends what it names before its time.
func (h *Handlers) SuspensionTerminateRequested(ctx context.Context, m dispatch.Meta, c events.SuspensionCommand) dispatch.Result {
	step := suspension.Step{Cause: events.CauseOperator, Actor: c.Actor, Asked: m.Time}
	return h.eachNamed(ctx, m, c, "terminated", func(rec events.ChainRecord) error {
		return h.end(ctx, rec, step)
	})
}

// SuspensionExtendRequested gives what it names a new deadline, counted from when the command was stored:
// handling it twice changes nothing more.
func (h *Handlers) SuspensionExtendRequested(ctx context.Context, m dispatch.Meta, c events.SuspensionCommand) dispatch.Result {
	if h.opts.MaxSuspend > 0 && c.ExtendFor.Duration() > h.opts.MaxSuspend {
		return dispatch.Refuse(fault.New(fault.SchemaViolation, "a suspension may not wait for so long").
			WithField("/data/extend_for_seconds").WithHint("ask for less, or raise suspension.max and run holdfast setup"))
	}
	step := suspension.Step{Cause: events.CauseOperator, Actor: c.Actor, Asked: m.Time}
	return h.eachNamed(ctx, m, c, "extended", func(rec events.ChainRecord) error {
		return h.extend(ctx, m, rec, c, step)
	})
}

func (h *Handlers) extend(ctx context.Context, m dispatch.Meta, rec events.ChainRecord, c events.SuspensionCommand, step suspension.Step) (err error) {
	ctx, end := h.Observer.Follow(ctx, dispatch.StageExtend, rec.Trace)
	defer func() { end(fault.From(err)) }()
	s, err := events.Payload[events.Suspension](rec.Event)
	if err != nil {
		return err
	}
	until := m.Time.Add(c.ExtendFor.Duration())
	if !s.TerminatesAt.Equal(until) {
		old := rec.Sequence
		if s, err = suspension.Extend(rec.Record, s, step, until); err != nil {
			return err
		}
		if rec.Sequence, err = h.append(ctx, rec.Chain.Subject(), old, events.SuspensionExtended, s); err != nil {
			return err
		}
		h.Observer.Suspension(events.SuspensionExtended, fault.Reason(s.Reason), s.Cause)
		if err := h.Timers.Cancel(ctx, rec.Chain, old); err != nil {
			return err
		}
	}
	return h.Timers.Set(ctx, rec.Chain, rec.Sequence, suspension.NextRing(s, h.Clock.Now(), h.opts.EndingSoon))
}

// eachNamed moves every waiting chain that a command names: of a request, a run, or a connection. It leaves
// alone what was suspended after the command was given: nobody can have meant that.
func (h *Handlers) eachNamed(ctx context.Context, m dispatch.Meta, c events.SuspensionCommand, label string, move func(events.ChainRecord) error) dispatch.Result {
	moved := 0
	named := events.Chain{Tenant: m.Tenant, Connection: c.Connection, Run: c.Run, Request: c.Request}
	for rec, err := range h.Journal.Each(ctx, named.Filter()) {
		if err != nil {
			return again(ctx, err)
		}
		meant, err := waitedAt(rec, m.Time)
		if err != nil {
			return again(ctx, err)
		}
		if !meant {
			continue
		}
		if err = move(rec); err != nil {
			return again(ctx, err)
		}
		moved++
	}
	if moved == 0 {
		return dispatch.Done("nothing_named")
	}
	return dispatch.Done(label)
}

// waitedAt tells whether a chain waits, and did at t.
func waitedAt(rec events.ChainRecord, t time.Time) (bool, error) {
	if suspension.StateOf(rec.Record) != suspension.Waiting {
		return false, nil
	}
	s, err := events.Payload[events.Suspension](rec.Event)
	return err == nil && !s.SuspendedAt.After(t), err
}
