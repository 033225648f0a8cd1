package handlers

import (
	"cmp"
	"time"

	"holdfast/events"
	"holdfast/internal/connector"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// granted is what permission sets say of a job; nil where it names no app.
type granted struct {
	// records is the connector where the action is about records; nil: the connection's raw right decides.
	records connector.Records
	touch   connector.Touch
	plan    *permission.Plan
	// read is what may be seen of what a write gives back; nil: nothing.
	read *permission.Plan
	sets []events.SetUse
	old  bool // a site set was needed
}

// fresh is why nothing may be decided now: what is known of permissions was not proven to be all for too long.
func (h *Handlers) fresh() *fault.Fault {
	if h.opts.PermissionsAge <= 0 {
		return nil
	}
	if h.Clock.Now().Sub(h.Known()) <= h.opts.PermissionsAge {
		return nil
	}
	return fault.New(fault.PermissionsUnknown, "what is known of users, permission sets and connections was not proven to be all for "+
		h.opts.PermissionsAge.String()).WithHint("is the bus well? holdfast healthcheck, on a worker")
}

// Known is until when, by the bus's clock, all is known that decisions rest on: a right may be a set's, or come with the
// connection.
func (h *Handlers) Known() time.Time {
	facts, connections := h.Facts.Known(), h.Registry.Known()
	if connections.Before(facts) {
		return connections
	}
	return facts
}

// grant is why permission sets do not let a job through; nil where they do, and then the job knows what they say. A
// request without an app is judged by its connection alone. A step that is executed as a connection has that
// connection's rights; of the acting user it asks to reach the app.
func (h *Handlers) grant(j *job) *fault.Fault {
	j.granted = nil
	if f := h.fresh(); f != nil {
		return f
	}
	if j.req.App == "" {
		return nil
	}
	q := permission.Question{User: j.req.ActingUser, App: j.req.App, Now: h.Clock.Now()}
	if j.publisher != "" {
		return h.reaches(j, q)
	}
	q.Connection = j.req.Connection
	con, _ := h.Connectors.Lookup(j.req.Action.Connector)
	records, ok := con.(connector.Records)
	if !ok {
		q.Op = permission.Raw
		return h.decided(j, q)
	}
	touch, err := records.Touches(j.req.Action.Operation, j.req.Action.Input)
	if err != nil {
		return inInput(fault.From(err))
	}
	q.Op, q.Object = touch.Op, touch.Object
	return h.planned(j, q, records, touch)
}

// reaches is for a step that is executed as a connection.
func (h *Handlers) reaches(j *job, q permission.Question) *fault.Fault {
	if cmp.Or(q.User, events.ActorSystem) == events.ActorSystem {
		return nil
	}
	return h.decided(j, q)
}

// decided is for what has no records.
func (h *Handlers) decided(j *job, q permission.Question) *fault.Fault {
	d := j.now.Decide(&q)
	if !d.Allowed {
		return notGranted(d, connector.Touch{})
	}
	j.granted = &granted{sets: d.Sets(), old: d.Deprecated}
	return nil
}

// planned is for what has records.
func (h *Handlers) planned(j *job, q permission.Question, records connector.Records, touch connector.Touch) *fault.Fault {
	q.Fields = touch.Written
	plan, d := j.now.Plan(q)
	if plan == nil {
		return notGranted(d, touch)
	}
	j.granted = &granted{records: records, touch: touch, plan: plan, read: plan}
	if q.Op != events.ReadRecords {
		q.Op, q.Fields = events.ReadRecords, nil
		j.granted.read, _ = j.now.Plan(q)
	}
	return nil
}

// notGranted is a refusal, at the place in the request that names the field.
func notGranted(d permission.Decision, touch connector.Touch) *fault.Fault {
	detail := d.Rule.Sentence()
	if d.Field != "" {
		detail += ": " + d.Field
	}
	f := fault.New(fault.NotGranted, detail).WithRule(string(d.Rule)).WithNoEffect()
	if at, ok := touch.At[d.Field]; ok {
		f.Field = "/data/action/input" + at
	}
	return f
}

// inInput puts a fault of an input where the input is in the request.
func inInput(f *fault.Fault) *fault.Fault {
	if f != nil && f.Reason == fault.InputInvalid {
		f.Field = "/data/action/input" + f.Field
	}
	return f
}

// mostNamed is how many sets an outcome names.
const mostNamed = 100

// uses are the sets that let the job through, and whether one of them is deprecated.
func (g *granted) uses() (sets []events.SetUse, old bool) {
	switch {
	case g == nil:
		return nil, false
	case g.plan == nil:
		sets, old = g.sets, g.old
	default:
		sets, old = g.plan.Used(), g.plan.Deprecated()
	}
	return sets[:min(len(sets), mostNamed)], old
}
