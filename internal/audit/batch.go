package audit

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/events"
)

// batch is what some messages of one stream come to. Several are filled side by side.
type batch struct {
	*auditor
	pass

	facts   []fact          // joined on requests
	follows []fact          // joined on whatever answers
	buried  []events.Origin // messages that are dead letters
	found   findings
}

// violate notes a violation by a message, unless it is outside the period.
func (b *batch) violate(c Check, m Message, field, seen string) {
	if at := m.Stored.UnixNano(); b.inPeriod(at) {
		b.found.add(c, finding{b.stream, m.Sequence, at, seen, field})
	}
}

func (b *batch) look(checks ...Check) {
	for _, c := range checks {
		b.found.tally(c).looked++
	}
}

// envelope is as much of an event in structured mode as is looked at.
type envelope[T any] struct {
	Type events.Type `json:"type"`
	Data *T          `json:"data"`
}

// stored reads an event that Holdfast has published; one that can not be read is a violation.
func stored[T any](b *batch, m Message) (t events.Type, data T, ok bool) {
	b.secrets(m)
	b.look(Unreadable)
	var e envelope[T]
	if json.Unmarshal(m.Data, &e) != nil || e.Data == nil || codeOf(types, e.Type) == 0 {
		b.violate(Unreadable, m, "", "no event that can be read")
		return "", data, false
	}
	return e.Type, *e.Data, true
}

// inbound reads an event that an upstream system or an operator has published. One that can not be read, or that names
// another tenant than its subject, has to become a dead letter.
func inbound[T any](b *batch, m Message, tenantOf func(T) string) (t events.Type, data T, ok bool) {
	b.secrets(m)
	b.look(WrongTenant)
	e := envelope[T]{Type: events.Type(attribute(m.Header, "type"))}
	var err error
	if e.Type != "" {
		e.Data = new(T)
		err = json.Unmarshal(m.Data, e.Data)
	} else {
		err = json.Unmarshal(m.Data, &e)
	}
	tenant := events.TenantOf(m.Subject)
	switch {
	case err != nil || e.Data == nil || tenant == "" || m.Subject != events.SubjectOf(tenant, e.Type):
		b.odd(m, 0)
	case tenantOf(*e.Data) != "" && tenantOf(*e.Data) != tenant:
		b.odd(m, noTenant)
	default:
		return e.Type, *e.Data, true
	}
	return "", data, false
}

// odd notes a message that has to be refused.
func (b *batch) odd(m Message, why flags) {
	q, _ := queueOf(b.stream, m.Subject)
	b.facts = append(b.facts, fact{key: b.at(b.stream, m.Sequence), kind: anOddity, sequence: m.Sequence, at: m.Stored.UnixNano(),
		stream: codeOf(streams, b.stream), version: uint64(q), flags: why})
}

// at is the key of a message.
func (a *auditor) at(stream string, sequence uint64) uint64 {
	return a.hash("at", stream, strconv.FormatUint(sequence, 10))
}

// askedAt is the key of an operator's command: when it was stored. Whom it means is compared besides.
func (a *auditor) askedAt(at int64) uint64 { return a.hash("asked", strconv.FormatInt(at, 10)) }

// attribute is a CloudEvents attribute of an event in binary mode: it is in the headers.
func attribute(header map[string][]string, name string) string {
	for key, values := range header {
		if len(values) > 0 && strings.EqualFold(key, "ce-"+name) {
			return values[0]
		}
	}
	return ""
}

// nanos is a time in Unix ns; 0 for none.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// someHash is the hash of a word; 0 for none, which stands for any.
func (a *auditor) someHash(kind, tenant, word string) uint64 {
	if word == "" {
		return 0
	}
	return a.hash(kind, tenant, word)
}
