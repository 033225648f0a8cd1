package audit

import (
	"holdfast/events"
)

// What upstream systems and operators publish.

// action reads a message of HF_ACTIONS: a request, or an operator's command.
func (b *batch) action(m Message) {
	if m.Subject == events.SubjectOf(events.TenantOf(m.Subject), events.ActionRequested) {
		b.request(m)
		return
	}
	b.command(m)
}

type request struct {
	Tenant   string          `json:"tenant"`
	ID       string          `json:"request_id"`
	Delivery events.Delivery `json:"delivery"`
}

func (b *batch) request(m Message) {
	_, r, ok := inbound(b, m, func(r request) string { return r.Tenant })
	if !ok {
		return
	}
	if !events.ValidID(r.ID) {
		b.odd(m, 0)
		return
	}
	tenant := events.TenantOf(m.Subject)
	f := fact{key: b.hash("request", tenant, r.ID), kind: aCopy, group: b.hash("effect", r.ID), sequence: m.Sequence,
		at: m.Stored.UnixNano()}
	if r.Delivery == events.AtMostOnce {
		f.flags |= atMostOnce
	}
	b.facts = append(b.facts, f)
}

type command struct {
	Tenant     string `json:"tenant"`
	Connection string `json:"connection_id"`
	Run        string `json:"run_id"`
	Request    string `json:"request_id"`
	Actor      string `json:"actor"`
}

func (b *batch) command(m Message) {
	t, c, ok := inbound(b, m, func(c command) string { return c.Tenant })
	if !ok {
		return
	}
	tenant, at := events.TenantOf(m.Subject), m.Stored.UnixNano()
	b.follows = append(b.follows, fact{key: b.askedAt(at), kind: aCommand, group: b.someHash("request", tenant, c.Request),
		sequence: m.Sequence, at: at, what: codeOf(types, t), run: b.someHash("run", tenant, c.Run),
		connection: b.someHash("connection", tenant, c.Connection), actor: b.hash("actor", c.Actor)})
}

// earlier reads a command from before the period.
func (b *batch) earlier(m Message) {
	if m.Stored.Before(b.From) {
		b.command(m)
	}
}

type connection struct {
	Tenant string `json:"tenant"`
	ID     string `json:"connection_id"`
}

// change reads an event about a connection.
func (b *batch) change(m Message) {
	t, c, ok := inbound(b, m, func(c connection) string { return c.Tenant })
	if !ok {
		return
	}
	b.follows = append(b.follows, fact{key: b.hash("connection", events.TenantOf(m.Subject), c.ID), kind: aChange,
		sequence: m.Sequence, at: m.Stored.UnixNano(), what: codeOf(types, t)})
}

// fact reads an event about users, places or processes.
func (b *batch) fact(m Message) {
	inbound(b, m, func(c struct {
		Tenant string `json:"tenant"`
	}) string {
		return c.Tenant
	})
}
