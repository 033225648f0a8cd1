package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"

	"github.com/google/uuid"

	"holdfast/events"
	"holdfast/internal/fault"
)

// LoadOptions say how a file of users and places is published.
type LoadOptions struct {
	Tenant string
	Actor  string
	// Again makes the events others than those of an earlier load of the same file, which the bus would take
	// for the same within its duplicate window.
	Again bool
}

// Loader publishes files of users and places.
type Loader struct {
	Checker   *Checker
	Publisher Publisher // nil: a dry run
	Clock     Clock
}

// loaded is an event that is ready to be published.
type loaded struct {
	checked Checked
	line    int
	raw     []byte
}

// Load checks everything that the file holds, and publishes it only where all of it is good: site collections,
// sites, users, groups, roles. It tells of each; ready, called once with how many there are, may be nil. The
// numbers are those of good and refused ones.
func (l *Loader) Load(ctx context.Context, r io.Reader, o LoadOptions, ready func(int), tell func(Line) error) (good, refused int, err error) {
	all, err := readDirectory(r)
	if err != nil {
		return 0, 0, err
	}
	prepared, bad, err := l.prepare(ctx, all, o)
	if err != nil {
		return 0, 0, err
	}
	for _, line := range bad {
		if err := tell(line); err != nil {
			return 0, len(bad), err
		}
	}
	if len(bad) > 0 {
		return 0, len(bad), nil
	}
	if ready != nil {
		ready(len(prepared))
	}
	for _, e := range prepared {
		line := Line{Number: e.line, OK: true, Subject: e.checked.Subject, ID: e.checked.ID, Type: e.checked.Type}
		if l.Publisher != nil {
			if line.Sequence, err = l.Publisher.PublishEvent(ctx, e.checked.Subject, e.checked.ID, e.raw); err != nil {
				return good, 0, err
			}
		}
		if err := tell(line); err != nil {
			return good, 0, err
		}
		good++
	}
	return good, 0, nil
}

// prepare makes the events, and tells what is wrong with each.
func (l *Loader) prepare(ctx context.Context, all []described, o LoadOptions) (good []loaded, bad []Line, err error) {
	nonce := ""
	if o.Again {
		nonce = uuid.NewString()
	}
	for _, d := range all {
		e, f := l.event(d, o, nonce)
		var raw []byte
		if f == nil {
			if raw, err = e.Encode(); err != nil {
				return nil, nil, err
			}
			var checked Checked
			if checked, f = l.Checker.Check(ctx, raw, o.Tenant); f == nil {
				good = append(good, loaded{checked, d.line, raw})
				continue
			}
		}
		line := refusedLine(f)
		line.Number = d.line
		bad = append(bad, line)
	}
	return good, bad, nil
}

// event is what is published of one entry. Its id follows from what it says, so that a load which was
// interrupted may be repeated.
func (l *Loader) event(d described, o LoadOptions, nonce string) (events.Event, *fault.Fault) {
	i := orderOf(d.kind)
	if i == len(sections) {
		return events.Event{}, fault.New(fault.SchemaViolation, "the kind is user, group, role, site or site_collection").WithField("/kind")
	}
	payload := maps.Clone(d.data)
	if payload == nil {
		payload = make(map[string]any)
	}
	if _, there := payload["actor"]; !there {
		payload["actor"] = o.Actor
	}
	if _, there := payload["tenant"]; !there {
		payload["tenant"] = o.Tenant
	}
	e, err := events.New(sections[i].t, l.Clock.Now(), payload)
	if err != nil {
		return e, fault.New(fault.SchemaViolation, "the entry can not be written as JSON")
	}
	e.Source = Source
	e.ID = uuid.NewSHA1(directoryIDs, slices.Concat([]byte(sections[i].t), []byte("\n"+nonce+"\n"), e.Data)).String()
	return e, nil
}

// directoryIDs is the name space of event ids (RFC 9562, version 5).
var directoryIDs = uuid.MustParse("6a1f4c53-7d0e-5b52-9c0a-3b7d6f2f1e88")

// jsonLines tells whether a file is JSON objects, one a line, and not a YAML mapping in braces.
func jsonLines(raw []byte) bool {
	first, _, _ := bytes.Cut(bytes.TrimSpace(raw), []byte("\n"))
	var object map[string]json.RawMessage
	if json.Unmarshal(first, &object) != nil {
		return false
	}
	_, kinded := object["kind"]
	return kinded
}

func readLines(raw []byte) (all []described, err error) {
	number := 0
	for line := range bytes.Lines(raw) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		d := described{line: number}
		if err := json.Unmarshal(line, &d.data); err != nil {
			return nil, problem(Unclear, "", "line %d: a JSON object is wanted here", number)
		}
		kind, _ := d.data["kind"].(string)
		d.kind = events.FactKind(kind)
		delete(d.data, "kind")
		all = append(all, d)
	}
	return all, nil
}
