package handlers

import (
	"cmp"
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
	"holdfast/internal/process"
)

// settling is how long a process must be on the bus before a step's connection counts as refused: what makes it right,
// a connection that was just created or shared, may be on its way on another stream. It is not waited for until all of
// those are handled: they themselves wait for what came before them on the stream of processes.
const settling = 5 * time.Second

// ProcessPublished handles process.published. A version is stored once, and stays as it is: publishing the
// same again changes nothing, and publishing something else under its name is refused.
func (h *Handlers) ProcessPublished(ctx context.Context, m dispatch.Meta, p events.Process) dispatch.Result {
	p.Tenant = m.Tenant
	old, revision, err := h.freshVersion(ctx, m.Tenant, p.ID, p.Version)
	switch {
	case err != nil:
		return again(ctx, err)
	case revision != 0 && old.Same(p):
		return dispatch.Done("duplicate")
	case revision != 0:
		return h.rejectProcess(ctx, m, p.ID, fault.New(fault.RevisionConflict, "this version was published before, and is another").
			WithField("/data/process_version").WithRule(process.RuleImmutable))
	}
	f := process.Check(p)
	if f == nil {
		f = h.mayChangeApp(ctx, m, p)
	}
	if f == nil {
		f = h.executable(ctx, m, p)
	}
	switch {
	case f == nil:
		return h.publish(ctx, m, p)
	case f.Class().Retries():
		return again(ctx, f)
	case f.Reason == fault.ExecuteAsRefused && dispatch.OnBus(m.Delivery, h.Clock.Now()) < settling:
		return dispatch.Again(fault.Wrap(fault.Conflict, "what the process refers to may be on its way", f))
	default:
		return h.rejectProcess(ctx, m, p.ID, f)
	}
}

// publish stores a version, and beforehand, where it is the process's first, a retirement that ends nothing.
func (h *Handlers) publish(ctx context.Context, m dispatch.Meta, p events.Process) dispatch.Result {
	_, revision, err := h.retirementOf(ctx, m.Tenant, p.ID, h.Facts.Get)
	if err == nil && revision == 0 {
		err = h.keepProcess(ctx, m.Tenant, p.ID, m.Sequence, process.Retirement{}, 0)
	}
	if err != nil && !conflict(err) {
		return again(ctx, err)
	}
	v := process.Version{Process: p, Published: m.Sequence}
	return keptUnless(ctx, h.keepProcess(ctx, m.Tenant, process.VersionID(p.ID, p.Version), m.Sequence, v, 0), "published")
}

// mayChangeApp is why a process may not be published into its app; nil where it may, and where it belongs to none.
func (h *Handlers) mayChangeApp(ctx context.Context, m dispatch.Meta, p events.Process) *fault.Fault {
	if p.App == "" {
		return nil
	}
	settled := func() error { return h.Facts.SettledBefore(ctx, m.Tenant, m.Sequence) }
	f := h.judge(m.Tenant, p.Publisher, settled, func(now *permission.Snapshot) *fault.Fault { return now.MayConfigure(p.Publisher) })
	if f != nil && f.Class() == fault.Denied {
		f.Field = "/data/publisher"
	}
	return f
}

// executable is why a step may not be executed as the connection that it names; nil when all may. The
// publisher's rights count once all that was said of users and places before is known.
func (h *Handlers) executable(ctx context.Context, m dispatch.Meta, p events.Process) *fault.Fault {
	if err := h.Facts.SettledBefore(ctx, m.Tenant, m.Sequence); err != nil {
		return fault.From(err)
	}
	for i, s := range p.Steps {
		if s.ExecuteAs == "" {
			continue
		}
		e, _, err := h.Registry.Fresh(ctx, p.Tenant, s.ExecuteAs)
		if err != nil {
			return fault.From(err)
		}
		if f := h.mayPublish(e, p.Publisher, s); f != nil {
			return f.WithField(process.StepField(i, cmp.Or(f.Field, "execute_as")))
		}
	}
	return nil
}

// ProcessRetired handles process.retired: of one version, or of all that were published before.
func (h *Handlers) ProcessRetired(ctx context.Context, m dispatch.Meta, r events.ProcessRef) dispatch.Result {
	end := process.Retirement{At: m.Time.UTC(), Sequence: m.Sequence}
	if r.Version == "" {
		return h.retireAll(ctx, m, r.ID, end)
	}
	if err := h.Facts.SettledBefore(ctx, m.Tenant, m.Sequence); err != nil { // another worker may be at its publishing
		return again(ctx, err)
	}
	v, revision, err := h.freshVersion(ctx, m.Tenant, r.ID, r.Version)
	if err != nil {
		return again(ctx, err)
	}
	if revision == 0 {
		return h.rejectProcess(ctx, m, r.ID, fault.New(fault.ProcessMissing, "nobody published this version").
			WithField("/data/process_version").WithRule(process.RuleMissing))
	}
	next := v.Retire(end)
	if next.RetiredAt.Equal(v.RetiredAt) {
		return dispatch.Done("superseded")
	}
	return doneUnless(ctx, h.keepProcess(ctx, m.Tenant, process.VersionID(r.ID, r.Version), m.Sequence, next, revision), "retired")
}

func (h *Handlers) retireAll(ctx context.Context, m dispatch.Meta, id string, end process.Retirement) dispatch.Result {
	old, revision, err := h.retirementOf(ctx, m.Tenant, id, h.Facts.Fresh)
	if err != nil {
		return again(ctx, err)
	}
	if old.Sequence >= end.Sequence {
		return dispatch.Done("superseded")
	}
	return doneUnless(ctx, h.keepProcess(ctx, m.Tenant, id, m.Sequence, end, revision), "retired")
}

// rejectProcess tells the upstream system why its event changed nothing.
func (h *Handlers) rejectProcess(ctx context.Context, m dispatch.Meta, id string, f *fault.Fault) dispatch.Result {
	return h.rejectChange(ctx, m, events.Fact{Kind: events.FactProcess, ID: id}, f)
}
