package handlers

import (
	"context"
	"encoding/json"
	"maps"

	"holdfast/events"
	"holdfast/internal/connector"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

// limit narrows an action to what permission sets leave of it, before anything is sent.
func (h *Handlers) limit(j *job, req *connector.Request) *fault.Fault {
	g := j.granted
	if g == nil || g.records == nil {
		return nil
	}
	l := connector.Limits{Force: g.plan.Forced}
	if g.touch.Op == events.ReadRecords {
		if f := g.narrow(&l); f != nil {
			return f
		}
	}
	input, err := g.records.Limit(req.Operation, req.Input, l)
	if err != nil {
		return inInput(fault.From(err))
	}
	req.Input = input
	return nil
}

// narrow is what is asked for instead: fields that may be read, of records that may be found.
func (g *granted) narrow(l *connector.Limits) *fault.Fault {
	fields, named, none := g.plan.Narrow(g.touch.Reads)
	if none != "" {
		return notGranted(permission.Decision{Rule: permission.FieldNotReadable, Field: none}, g.touch)
	}
	if named {
		l.Reads = fields
	}
	for _, f := range g.touch.By {
		if !g.plan.Finds(f) {
			return notGranted(permission.Decision{Rule: permission.FieldNotReadable, Field: f}, g.touch)
		}
	}
	filter, nothing := g.plan.Filter(g.touch.By)
	if nothing {
		return notGranted(permission.Decision{Rule: permission.RecordNotGranted}, g.touch)
	}
	l.Filter = filter
	return nil
}

// look holds a write against the record that it is about, and fences the write to the version that was looked at.
func (h *Handlers) look(ctx context.Context, j *job, con connector.Connector, req *connector.Request) *fault.Fault {
	g := j.granted
	if g == nil || g.records == nil || g.touch.Op == events.ReadRecords {
		return nil
	}
	var before formula.Record
	if g.plan.Look(g.touch.Written) {
		var f *fault.Fault
		if before, f = h.fence(ctx, j, con, req); f != nil {
			return f
		}
	}
	after, f := g.after(before)
	if f != nil {
		return f
	}
	if d := g.plan.Change(model(before), model(after), g.touch.Written); !d.Allowed {
		return notGranted(d, g.touch)
	}
	return nil
}

// fence gives the record as it is, and lets the write count for that version of it only.
func (h *Handlers) fence(ctx context.Context, j *job, con connector.Connector, req *connector.Request) (formula.Record, *fault.Fault) {
	records := j.granted.records
	response, f := h.lookAt(ctx, j, con, *req)
	if f != nil {
		return nil, f
	}
	before, err := records.Record(response)
	if err != nil {
		return nil, fault.From(err)
	}
	if before == nil {
		return nil, fault.New(fault.TargetRejected, "the record could not be looked at before it is changed").WithNoEffect()
	}
	if req.Input, req.Fenced, err = records.Fenced(req.Operation, req.Input, response); err != nil {
		return nil, inInput(fault.From(err))
	}
	return before, nil
}

// fencedTries is after how many deliveries a write that is refused for our fence is looked into: some seconds, in which
// others may have been first, and a replica may have caught up.
const fencedTries = 6

// unmoved tells whether the record still has the version that the target refused to change: then nobody was first, and
// it will refuse again. Some services compare versions that they call weak, and no two of those are the same for them
// (RFC 9110 section 13.1.1).
func (h *Handlers) unmoved(ctx context.Context, j *job, con connector.Connector, req connector.Request) bool {
	response, f := h.lookAt(ctx, j, con, req)
	if f != nil {
		return false
	}
	_, _, err := j.granted.records.Fenced(req.Operation, req.Input, response)
	return err == nil
}

// lookAt reads the fields that conditions are about.
func (h *Handlers) lookAt(ctx context.Context, j *job, con connector.Connector, req connector.Request) (json.RawMessage, *fault.Fault) {
	operation, input, err := j.granted.records.Look(req.Input, j.granted.plan.Needed())
	if err != nil {
		return nil, inInput(fault.From(err))
	}
	req.Operation, req.Input, req.IdempotencyKey = operation, input, ""
	response, f := h.perform(ctx, j, con, req)
	if f != nil {
		f.NoEffect = true // it was only a look
	}
	return response, f
}

// after is the record as the write would leave it, with what is forced; nil where it is deleted.
func (g *granted) after(before formula.Record) (formula.Record, *fault.Fault) {
	if g.touch.Op == events.DeleteRecords || g.touch.Op == events.UpdateRecords && before == nil {
		return nil, nil
	}
	values := make(map[string]json.RawMessage, len(g.touch.Writes)+len(g.plan.Forced))
	maps.Copy(values, g.touch.Writes)
	for field, v := range g.plan.Forced {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "a forced value could not be written", err)
		}
		values[field] = raw
	}
	after, err := before.With(values)
	if err != nil {
		return nil, fault.Wrap(fault.InputInvalid, err.Error(), err).WithField("/data/action/input/fields").WithNoEffect()
	}
	return after, nil
}

// model is a record as formulas read it; none where there is none.
func model(r formula.Record) formula.Model {
	if r == nil {
		return nil
	}
	return r
}

// strip takes out of an answer what the acting user may not see.
func (h *Handlers) strip(j *job, operation string, response json.RawMessage, f *fault.Fault) (json.RawMessage, *fault.Fault) {
	g := j.granted
	if g == nil || g.records == nil || len(response) == 0 {
		return response, f
	}
	stripped, hidden, err := g.records.Strip(operation, response, g.keep)
	switch {
	case err != nil && f != nil:
		return nil, f
	case err != nil:
		return nil, fault.From(err)
	case f == nil && hidden && g.touch.Op == events.ReadRecords:
		return nil, notGranted(permission.Decision{Rule: permission.RecordNotGranted}, g.touch)
	default:
		return stripped, f
	}
}

// keep tells what of a record may be seen.
func (g *granted) keep(r formula.Record) (field func(string) bool, ok bool) {
	if g.read == nil || !g.read.Visible(r, g.touch.By) {
		return nil, false
	}
	return func(name string) bool { return g.read.Readable(r, name) }, true
}
