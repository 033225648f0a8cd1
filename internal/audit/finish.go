package audit

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/events"
)

// finish makes the report: the first violations of each check, with the names that their messages give.
func (a *auditor) finish(ctx context.Context) (Report, error) {
	r := a.report
	for i := range promises {
		p, t := promises[i], a.found.tallies[i]
		r.Checks = append(r.Checks, Checked{p.check, t.looked, t.broken, t.unproven})
		r.Total += t.broken
		for _, f := range first(a.found.lists[i], a.List) {
			v, err := a.named(ctx, p, f)
			if err != nil {
				return Report{}, err
			}
			r.Violations = append(r.Violations, v)
		}
	}
	r.Empty = r.Total == 0 && !a.seen
	r.OK = r.Total == 0 && !r.Empty
	r.Streams = mergeReads(r.Streams)
	return r, nil
}

// mergeReads makes one of what was read of a stream in two goes.
func mergeReads(reads []Read) []Read {
	var merged []Read
	for _, r := range reads {
		i := slices.IndexFunc(merged, func(m Read) bool { return m.Stream == r.Stream })
		switch {
		case i < 0:
			merged = append(merged, r)
		case r.Messages > 0:
			m := &merged[i]
			m.First, m.Last, m.Messages = min(cmp.Or(m.First, r.First), r.First), max(m.Last, r.Last), m.Messages+r.Messages
		}
	}
	return merged
}

// named looks up whose a violation is.
func (a *auditor) named(ctx context.Context, p promise, f finding) (Violation, error) {
	v := Violation{Check: p.check, Promised: p.text, Seen: f.seen, Stream: f.stream, Sequence: f.sequence,
		StoredAt: time.Unix(0, f.at).UTC(), Field: f.field}
	m, there, err := a.source.Message(ctx, f.stream, f.sequence)
	if err != nil || !there {
		return v, err
	}
	v.Tenant, v.Request, v.Run, v.Connection = namesOf(m)
	return v, nil
}

// names are the members that say whose an event is.
type names struct {
	Request    string `json:"request_id"`
	Run        string `json:"run_id"`
	Connection string `json:"connection_id"`
}

// namesOf reads whose a message is: from its subject, where that says so, else from its payload. What is no id is not
// repeated.
func namesOf(m Message) (tenant, request, run, connection string) {
	if rest, ok := strings.CutPrefix(m.Subject, "$KV."+events.BucketTimers+"."); ok {
		t := append(strings.Split(rest, "."), "", "", "", "")
		return t[0], t[3], t[2], t[1]
	}
	var e envelope[names]
	var n names
	if attribute(m.Header, "type") != "" {
		_ = json.Unmarshal(m.Data, &n) // what can not be read has no names
	} else if json.Unmarshal(m.Data, &e) == nil && e.Data != nil {
		n = *e.Data
	}
	if c, ok := events.ParseChain(m.Subject); ok {
		n = names{c.Request, c.Run, c.Connection}
	}
	tenant = events.TenantOf(m.Subject)
	if ledger := events.LedgerSubject(tenant, ""); strings.HasPrefix(m.Subject, ledger) {
		n.Request = strings.TrimPrefix(m.Subject, ledger)
	}
	return tenant, id(n.Request), id(n.Run), id(n.Connection)
}

func id(word string) string {
	if events.ValidID(word) {
		return shown(word)
	}
	return ""
}
