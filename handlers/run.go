package handlers

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// attempt is what one try with one set of credentials came to.
type attempt struct {
	creds    credentials
	response json.RawMessage
	fault    *fault.Fault // nil: the action completed
	known    bool         // the credentials were known to be broken and were not tried
}

// run takes a request from its connection to its end, its suspension, or another try later.
func (h *Handlers) run(ctx context.Context, j *job) dispatch.Result {
	j.release = func() {}
	defer func() { j.release() }()
	a := h.try(ctx, j, h.credentials(ctx, j, false))
	if a.fault != nil && a.fault.Class().Suspends() && !a.known {
		a = h.secondLook(ctx, j, a)
	}
	if a.fault == nil || a.fault.Class() != fault.Unclear {
		h.unclear.Delete(j.connectionKey())
	}
	if a.fault == nil {
		return h.complete(ctx, j, a)
	}
	switch a.fault.Class() {
	case fault.Auth, fault.Settings:
		return h.suspend(ctx, j, a)
	case fault.Denied:
		return h.refuse(ctx, j, a)
	case fault.Failed:
		return h.failWith(ctx, j, a)
	case fault.Unknown:
		return h.conclude(ctx, j, events.ActionUnknown, j.outcome(a.fault, a.creds.fence))
	default:
		return h.later(ctx, j, a)
	}
}

// secondLook fetches connection and secret past every cache after a failure, and tries once more if either
// has moved: a late failure of old credentials says nothing about new ones.
func (h *Handlers) secondLook(ctx context.Context, j *job, first attempt) attempt {
	c := h.credentials(ctx, j, true)
	if c.fence != first.creds.fence || (c.fault == nil) != (first.creds.fault == nil) {
		return h.try(ctx, j, c)
	}
	if c.fault != nil && !c.fault.Class().Suspends() {
		return attempt{creds: c, fault: c.fault}
	}
	first.creds.entry = c.entry
	return first
}

// try is one attempt with credentials as they were looked up. That they are known to be broken is believed
// only after a look past the cache: a repair may be news.
func (h *Handlers) try(ctx context.Context, j *job, c credentials) attempt {
	if c.entry.KnownBroken(c.fence) && !c.fresh {
		c = h.believed(ctx, j)
	}
	a := attempt{creds: c}
	if a.fault = h.allowed(ctx, j, c); a.fault != nil {
		return a
	}
	if c.fault != nil && c.fault.Class().Retries() { // what Vault holds now is not known
		a.fault = c.fault
		return a
	}
	if c.entry.KnownBroken(c.fence) && !j.forced(c.entry.Broken) {
		a.known = true
		a.fault = fault.New(c.entry.Broken.Reason, c.entry.Broken.Detail)
		return a
	}
	if c.fault != nil {
		a.fault = c.fault
		return a
	}
	if c.entry.Broken != nil && !j.claimed {
		if j.release, j.claimed = claim(&h.trying, j.connectionKey()); j.claimed {
			return h.try(ctx, j, h.believed(ctx, j)) // whoever had the claim before may have found out
		}
		a.fault = fault.New(fault.VerifyingElsewhere, "another request is trying the connection's credentials")
		return a
	}
	a.response, a.fault = h.execute(ctx, j, &a.creds)
	return a
}

// allowed is the rule that forbids the request, nil when there is none. A connection that can not be tried
// at all is a matter of its credentials, not of rights.
func (h *Handlers) allowed(ctx context.Context, j *job, c credentials) *fault.Fault {
	if c.entry.Missing || c.entry.Deleted || c.fault != nil && c.fault.Class().Retries() {
		return nil
	}
	_, end := h.Observer.Begin(ctx, dispatch.StageDecide)
	j.now = h.Permissions.Of(j.Tenant)
	f := h.authorize(j, c.entry)
	if f == nil {
		f = h.grant(j)
	}
	end(f)
	return f
}

// claim takes a key of a set unless it is taken.
func claim(set *sync.Map, key string) (release func(), ok bool) {
	if _, taken := set.LoadOrStore(key, struct{}{}); taken {
		return func() {}, false
	}
	return func() { set.Delete(key) }, true
}

// later asks for another try, unless the request's patience is over.
func (h *Handlers) later(ctx context.Context, j *job, a attempt) dispatch.Result {
	if ctx.Err() != nil {
		return again(ctx, ctx.Err())
	}
	now := h.Clock.Now()
	switch {
	case a.fault.Class() == fault.Unclear && h.outOfPatience(j, now):
		a.fault = fault.Wrap(fault.ProviderUnusable, "the provider gave nothing but unclear answers for as long as patience lasts", a.fault)
		return h.suspend(ctx, j, a)
	case j.req.Deadline != nil && !now.Before(*j.req.Deadline):
		return h.fail(ctx, j, fault.Wrap(fault.Deadline, "the request's deadline passed while it was retried", a.fault))
	case j.resumed() && h.opts.ChainAge > 0 && now.Sub(j.Time) > h.opts.ChainAge-dispatch.StaleMargin:
		return h.fail(ctx, j, fault.Wrap(fault.Deadline, "the resumed run was retried for as long as its chain is kept", a.fault))
	default:
		return dispatch.Again(a.fault)
	}
}

// outOfPatience tells whether a connection's provider has given unclear answers, and no other, for too long.
// It is counted from the first such answer, not from the request: that may have waited for something else.
func (h *Handlers) outOfPatience(j *job, now time.Time) bool {
	first, _ := h.unclear.LoadOrStore(j.connectionKey(), now)
	since, ok := first.(time.Time)
	return ok && now.Sub(since) > h.opts.Patience
}
