package handlers

import (
	"cmp"
	"context"
	"path"
	"time"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/process"
)

// onItsWay is how long after the bus stored it a request waits for a process that comes later than itself: the two come
// on two streams, from publishers that may not wait for each other.
const onItsWay = time.Minute

// resolve completes a request that names a process: its step says which connection it uses, and as whom.
// What forbids that, or is to wait for, is kept for admit: a run that waits already goes on waiting.
func (h *Handlers) resolve(ctx context.Context, j *job) {
	if j.req.Process == "" {
		return
	}
	ctx, end := h.Observer.Begin(ctx, dispatch.StageDecide)
	defer func() { end(j.refused) }()
	v, f := h.processOf(ctx, j)
	if f == nil {
		var step events.ProcessStep
		if j.req, step, f = process.Resolve(v, j.req); f == nil && step.ExecuteAs != "" {
			j.publisher = v.Publisher
		}
	}
	j.refused = f
}

// processOf is the version that a request names, if its run may use it.
func (h *Handlers) processOf(ctx context.Context, j *job) (process.Version, *fault.Fault) {
	v, f := h.published(ctx, j)
	if f != nil {
		return v, f
	}
	all, _, err := h.retirementOf(ctx, j.Tenant, j.req.Process, h.Facts.Get)
	if err != nil {
		return v, fault.From(err)
	}
	// A run that was suspended began before: what its request said then holds.
	now := h.Clock.Now()
	if v = v.Retire(all); !j.resumed() && !v.Takes(j.runBegan(now.Add(-dispatch.Age(j.Meta, now)))) {
		return v, fault.New(fault.ProcessMissing, "the version was retired before the run began").
			WithField("/data/process_version").WithRule(process.RuleRetired)
	}
	return v, nil
}

// published is the version that a request names. That nobody published it is said only once all that was published
// before the request is known: when workers come back, either of two backlogs may be read first.
func (h *Handlers) published(ctx context.Context, j *job) (process.Version, *fault.Fault) {
	v, revision, err := h.versionOf(ctx, j.Tenant, j.req.Process, j.req.ProcessVersion)
	switch {
	case err != nil || revision != 0:
		return v, fault.From(err)
	case dispatch.OnBus(j.Delivery, h.Clock.Now()) < onItsWay:
		return v, fault.New(fault.Conflict, "the version of the process is not known yet")
	}
	if err = h.Facts.Settled(ctx, j.Tenant, j.Time); err != nil {
		return v, fault.From(err)
	}
	// What is not in the cache is looked for at the leader.
	if v, revision, err = h.versionOf(ctx, j.Tenant, j.req.Process, j.req.ProcessVersion); err != nil || revision != 0 {
		return v, fault.From(err)
	}
	return v, fault.New(fault.ProcessMissing, "nobody published this version of the process").
		WithField("/data/process_version").WithRule(process.RuleMissing)
}

// runBegan is when the job's run began, as its request says; else when the request was made.
func (j *job) runBegan(requested time.Time) time.Time {
	if j.req.RunStarted != nil {
		return *j.req.RunStarted
	}
	return requested
}

// authorize is the rule that forbids the job to use the connection, nil when there is none; the one that lets
// it is noted for the outcome. A step that is executed as a connection asks its publisher's rights, as they
// are now, and of the acting user only to be there: what users may do in an app does not depend on a connection.
func (h *Handlers) authorize(j *job, e *connection.Entry) *fault.Fault {
	j.account = e.Account
	if j.publisher == "" {
		rule, f := h.mayUse(e, j.req)
		j.rule = rule
		return f
	}
	if h.Permissions.Of(j.Tenant).Directory().Removed(j.req.ActingUser) {
		return fault.New(fault.NotPermitted, "the user was removed from the directory").WithRule(string(access.RemovedUser))
	}
	if f := h.mayExecuteAs(e, j.publisher, j.req); f != nil {
		return f
	}
	j.rule = process.RuleExecuteAs
	return nil
}

// mayExecuteAs asks whether publisher may use the connection where the request runs.
func (h *Handlers) mayExecuteAs(e *connection.Entry, publisher string, r events.Request) *fault.Fault {
	if e.Kind == events.Personal {
		return fault.New(fault.ExecuteAsRefused, "a personal connection works for its creator only: no step is executed as one").
			WithRule(string(access.PersonalCreatorOnly))
	}
	if r.ActingUser = publisher; publisher == events.ActorSystem {
		r.ActingUser = ""
	}
	_, f := h.mayUse(e, r)
	if f == nil || f.Reason == fault.OperationForbidden {
		return f
	}
	return fault.Wrap(fault.ExecuteAsRefused, "the process's publisher may not use the connection", f).
		WithRule(cmp.Or(f.Rule, string(f.Reason)))
}

// mayPublish asks the same ahead of any request: in the place that the connection is for. A fault's field is
// the member of the step.
func (h *Handlers) mayPublish(e *connection.Entry, publisher string, s events.ProcessStep) *fault.Fault {
	if e == nil || e.Missing || e.Deleted {
		return fault.New(fault.ExecuteAsRefused, "there is no such connection").WithRule(process.RuleThere)
	}
	f := h.mayExecuteAs(e, publisher, events.Request{
		Tenant: e.Tenant, Site: e.Availability.Site, SiteCollection: e.Availability.SiteCollection,
		Action: events.Action{Connector: s.Connector, Operation: s.Operation},
	})
	if f == nil || f.Reason != fault.OperationForbidden {
		return f
	}
	member := path.Base(f.Field)
	if member == "connector" && s.Connector == "" || member == "operation" && s.Operation == "" {
		return nil // the request says which, and is held against the type then
	}
	return f.WithField(member)
}
