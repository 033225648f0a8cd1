package audit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// What Holdfast publishes.

// belongs checks that an event is of its subject's tenant.
func (b *batch) belongs(m Message, named string) bool {
	b.look(WrongTenant)
	tenant := events.TenantOf(m.Subject)
	if named == tenant {
		return true
	}
	b.violate(WrongTenant, m, "/data/tenant", "the payload names another tenant than the subject's, "+tenant)
	return false
}

type outcome struct {
	Tenant  string        `json:"tenant"`
	Request string        `json:"request_id"`
	Run     string        `json:"run_id"`
	Origin  events.Origin `json:"origin"`
}

// mark reads an event of a ledger.
func (b *batch) mark(m Message) {
	t, o, ok := stored[outcome](b, m)
	if !ok {
		return
	}
	tenant := events.TenantOf(m.Subject)
	id := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	b.look(WrongSubject)
	switch {
	case t.Noun() != "action":
		b.violate(WrongSubject, m, "/type", string(t)+" on a ledger")
		return
	case b.belongs(m, o.Tenant) && o.Request != id:
		b.violate(WrongSubject, m, "/data/request_id", "the payload names another request than its subject")
	}
	b.facts = append(b.facts, fact{key: b.hash("request", tenant, id), kind: aMark, sequence: m.Sequence, at: m.Stored.UnixNano(),
		what: codeOf(types, t), stream: codeOf(streams, o.Origin.Stream), origin: o.Origin.Sequence,
		run: b.hash("run", tenant, o.Run)})
}

type link struct {
	Tenant        string        `json:"tenant"`
	Connection    string        `json:"connection_id"`
	Run           string        `json:"run_id"`
	Request       string        `json:"request_id"`
	Reason        fault.Reason  `json:"reason"`
	Generation    uint64        `json:"generation"`
	SecretVersion int64         `json:"secret_version"`
	SuspendedAt   time.Time     `json:"suspended_at"`
	TerminatesAt  time.Time     `json:"terminates_at"`
	Previous      uint64        `json:"previous_sequence"`
	Cause         events.Cause  `json:"cause"`
	Actor         string        `json:"actor"`
	AskedAt       time.Time     `json:"asked_at"`
	OriginalAt    events.Origin `json:"original_at"`
	Original      struct {
		Delivery events.Delivery `json:"delivery"`
	} `json:"original"`
}

// link reads an event of a chain.
func (b *batch) link(m Message) {
	t, l, ok := stored[link](b, m)
	c, isChain := events.ParseChain(m.Subject)
	if !ok || !isChain {
		return
	}
	b.look(WrongSubject)
	named := events.Chain{Tenant: c.Tenant, Connection: l.Connection, Run: l.Run, Request: l.Request}
	switch {
	case t.Noun() != "suspension":
		b.violate(WrongSubject, m, "/type", string(t)+" on a chain")
		return
	case b.belongs(m, l.Tenant) && named != c:
		b.violate(WrongSubject, m, "/data", "the payload names another chain than its subject")
	}
	b.reasoned(m, t, l)
	f := fact{key: b.hash("request", c.Tenant, c.Request), kind: aLink, group: b.chain(c), sequence: m.Sequence, at: m.Stored.UnixNano(),
		what: codeOf(types, t), cause: codeOf(causes, l.Cause), stream: codeOf(streams, l.OriginalAt.Stream), origin: l.OriginalAt.Sequence,
		previous: l.Previous, since: nanos(l.SuspendedAt), until: nanos(l.TerminatesAt), asked: nanos(l.AskedAt),
		generation: l.Generation, version: uint64(l.SecretVersion), run: b.hash("run", c.Tenant, c.Run),
		connection: b.hash("connection", c.Tenant, c.Connection), actor: b.hash("actor", l.Actor)}
	if l.Original.Delivery == events.AtMostOnce {
		f.flags |= atMostOnce
	}
	if l.Reason == fault.SecretDeleted || l.Reason == fault.ProviderUnusable {
		f.flags |= healable
	}
	b.facts = append(b.facts, f)
}

// reasoned checks why a run was suspended.
func (b *batch) reasoned(m Message, t events.Type, l link) {
	if t != events.SuspensionSuspended {
		return
	}
	b.look(SuspendedWithoutCause)
	if !maySuspend[l.Reason] {
		b.violate(SuspendedWithoutCause, m, "/data/reason", fmt.Sprintf("suspended for %q", shown(string(l.Reason))))
	}
}

func (a *auditor) chain(c events.Chain) uint64 {
	return a.hash("chain", c.Tenant, c.Connection, c.Run, c.Request)
}

// isSet tells whether a timer is set. A marker says that it is not: it was cancelled, or has rung. One that rang and is
// still before the workers does what it is there for; and one that went away after all else was looked at was there then.
func (b *batch) isSet(m Message) bool {
	rang := len(m.Header["Nats-Marker-Reason"]) > 0
	if !rang && len(m.Header["KV-Operation"]) == 0 {
		return true
	}
	return rang && b.waiting(Alarms, m.Sequence) || m.Stored.UnixNano() >= b.now
}

// alarm reads a timer.
func (b *batch) alarm(m Message) {
	if !b.isSet(m) {
		return
	}
	t := strings.Split(strings.TrimPrefix(m.Subject, "$KV."+events.BucketTimers+"."), ".")
	b.look(Unreadable)
	if len(t) != 5 {
		b.violate(Unreadable, m, "", "no key of an alarm")
		return
	}
	n, err := strconv.ParseUint(t[4], 10, 64)
	if err != nil {
		b.violate(Unreadable, m, "", "no key of an alarm")
		return
	}
	c := events.Chain{Tenant: t[0], Connection: t[1], Run: t[2], Request: t[3]}
	b.facts = append(b.facts, fact{key: b.hash("request", c.Tenant, c.Request), kind: anAlarm, group: b.chain(c), sequence: m.Sequence,
		at: m.Stored.UnixNano(), previous: n})
}

type letter struct {
	Tenant  string        `json:"tenant"`
	Subject string        `json:"subject"`
	Origin  events.Origin `json:"origin"`
}

// letter reads a dead letter, or what was done with one.
func (b *batch) letter(m Message) {
	t, l, ok := stored[letter](b, m)
	if !ok || !b.belongs(m, l.Tenant) || t != events.DeadLetter {
		return
	}
	if about := events.TenantOf(l.Subject); about != "" && about != l.Tenant {
		b.violate(WrongTenant, m, "/data/subject", "it is about a message of another tenant, "+about)
	}
	b.look(LetterOfNothing)
	at := m.Stored.UnixNano()
	if e, read := b.extents[l.Origin.Stream]; l.Origin.Stream == "" || l.Origin.Sequence == 0 || read && l.Origin.Sequence > e.Last && !b.young(at) {
		b.violate(LetterOfNothing, m, "/data/origin", fmt.Sprintf("no message has ever been at %s %d", shown(l.Origin.Stream), l.Origin.Sequence))
		return
	}
	b.buried = append(b.buried, l.Origin)
	b.follows = append(b.follows, fact{key: b.at(l.Origin.Stream, l.Origin.Sequence), kind: aLetter, sequence: m.Sequence, at: at})
}

type notice struct {
	Tenant     string `json:"tenant"`
	Connection string `json:"connection_id"`
}

// notice reads what people were told. That a connection broke, or works, is a movement of the registry.
func (b *batch) notice(m Message) {
	t, n, ok := stored[notice](b, m)
	if !ok || !b.belongs(m, n.Tenant) || t != events.ConnectionBroken && t != events.ConnectionRestored {
		return
	}
	b.follows = append(b.follows, fact{key: b.hash("connection", n.Tenant, n.Connection), kind: aMovement, sequence: m.Sequence,
		at: m.Stored.UnixNano(), what: codeOf(types, t)})
}
