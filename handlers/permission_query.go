package handlers

import (
	"context"
	"encoding/json"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

// askAgain is how long whoever could not be answered is told to wait.
const askAgain = time.Second

// PermissionQuery answers permission.query, from what is known at this moment.
func (h *Handlers) PermissionQuery(ctx context.Context, m dispatch.Meta, q events.PermissionQuestion) dispatch.Result {
	q.Tenant = m.Tenant
	r := events.PermissionReply{Tenant: m.Tenant, Ask: q.Ask, User: q.User, App: q.App}
	r.AsOf = h.Known()
	f := h.fresh()
	if f == nil {
		f = h.answer(ctx, h.Permissions.Of(m.Tenant), q, &r)
	}
	if f != nil {
		r.Error = QueryProblem(f)
	}
	return dispatch.Answered(r)
}

// QueryProblem is a fault as an answer tells it.
func QueryProblem(f *fault.Fault) *events.QueryError {
	e := &events.QueryError{Reason: string(f.Reason), Field: f.Field, Detail: f.Detail}
	if f.Class().Retries() {
		e.RetryAfterMS = max(f.RetryAfter, askAgain).Milliseconds()
	}
	return e
}

// MayAsk bounds how much of a worker one tenant's questions take. It is asked of each before it is read: to refuse one that
// is not well-formed is work, too.
func (h *Handlers) MayAsk(tenant string) *fault.Fault {
	if h.opts.QuestionsPerSecond <= 0 {
		return nil
	}
	limit, ok := h.asking.Get(tenant)
	if !ok {
		limit = rate.NewLimiter(rate.Limit(h.opts.QuestionsPerSecond), max(1, int(h.opts.QuestionsPerSecond)))
		if first, ok, _ := h.asking.PeekOrAdd(tenant, limit); ok {
			limit = first
		}
	}
	if !limit.Allow() {
		return fault.New(fault.Throttled, "the tenant asks more than is answered")
	}
	return nil
}

// askingCache is how fast each tenant asks. Who asks may say any tenant's name, so no more than some are kept: those that
// asked last.
type askingCache = lru.Cache[string, *rate.Limiter]

const askingKept = 4096

func newAskingCache() *askingCache {
	c, err := lru.New[string, *rate.Limiter](askingKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

func (h *Handlers) answer(ctx context.Context, now *permission.Snapshot, q events.PermissionQuestion, r *events.PermissionReply) (f *fault.Fault) {
	switch q.Ask {
	case events.AskDecision:
		r.Decision, f = h.decisionView(ctx, now, q)
	case events.AskSets:
		heldSets(now, q, r)
	case events.AskFields:
		fields, d := now.Fields(h.questionOf(q))
		if r.Fields = fields; !d.Allowed {
			r.Decision = viewOf(d)
		}
	case events.AskLanding:
		r.Landing, r.Apps, r.Workspaces = now.Landing(q.User, q.LastVisited), now.Apps(q.User), now.Workspaces(q.User)
	case events.AskFormulas:
		r.Formulas = h.evaluated(now, q)
	default:
		return fault.New(fault.SchemaViolation, "there is no such question").WithField("/data/ask")
	}
	return f
}

func (h *Handlers) questionOf(q events.PermissionQuestion) permission.Question {
	return permission.Question{User: q.User, App: q.App, Connection: q.Connection, Op: events.DataOp(q.Operation), Object: q.Object,
		Fields: q.Fields, Record: modelOf(q.Record), Now: h.Clock.Now()}
}

// decisionView is what permission sets say, and the connection itself: a page shall not offer what a worker refuses.
func (h *Handlers) decisionView(ctx context.Context, now *permission.Snapshot, q events.PermissionQuestion) (*events.DecisionView, *fault.Fault) {
	e, _, err := h.Registry.Get(ctx, q.Tenant, q.Connection)
	if err != nil {
		return nil, fault.From(err)
	}
	question := h.questionOf(q)
	v := viewOf(now.Decide(&question))
	scope := access.Scope(now.Directory(), e, q.User, access.Place{Site: q.Site, SiteCollection: q.SiteCollection})
	v.Connection, v.Allowed = &scope, v.Allowed && scope.Allowed
	return v, nil
}

func viewOf(d permission.Decision) *events.DecisionView {
	return &events.DecisionView{Allowed: d.Allowed, Rule: string(d.Rule), Detail: d.Rule.Sentence(), Field: d.Field,
		Conditional: d.Conditional, Deprecated: d.Deprecated, Sets: d.Sets()}
}

// heldSets are the sets and attributes of a user.
func heldSets(now *permission.Snapshot, q events.PermissionQuestion, r *events.PermissionReply) {
	for _, held := range now.Holds(q.User, q.App) {
		r.Sets = append(r.Sets, events.HeldSet{Set: held.Set.ID, Through: string(held.Through), Group: held.Group,
			AssetID: held.Set.AssetID, Name: held.Set.Name, Kind: held.Set.Kind})
	}
	for name, v := range now.Attributes(q.User) {
		raw, err := json.Marshal(v)
		if err != nil {
			continue // one that formulas can not use, either
		}
		if r.Attributes == nil {
			r.Attributes = make(map[string]json.RawMessage)
		}
		r.Attributes[name] = raw
	}
}

// evaluated is what each formula says: a mistake in one leaves the others.
func (h *Handlers) evaluated(now *permission.Snapshot, q events.PermissionQuestion) (all []events.FormulaResult) {
	in := formula.Input{User: now.Reader(q.User, q.App), Model: modelOf(q.Record), Now: h.Clock.Now()}
	for _, text := range q.Formulas {
		result := events.FormulaResult{Formula: text}
		p, err := h.compiled(text)
		var v formula.Value
		if err == nil {
			v, err = p.Eval(in)
		}
		if err == nil {
			result.Value, err = json.Marshal(v)
		}
		if err != nil {
			result.Value, result.Error = nil, err.Error()
		}
		all = append(all, result)
	}
	return all
}
