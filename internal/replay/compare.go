package replay

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
)

// piece is a connection or a fact, as what events determine of it.
type piece struct {
	tenant, kind, id string
	sequence         uint64
	members          map[string]any
}

func (p piece) key() string { return p.tenant + "." + p.kind + "." + p.id }

// pieceOf leaves out what workers learned, and how the last event came to be applied.
func pieceOf(e *connection.Entry) piece {
	m := members(e.Connection)
	m["sequence"], m["generation"], m["deleted"] = e.Sequence, e.Generation, e.Deleted
	if !e.DeletedAt.IsZero() {
		m["deleted_at"] = e.DeletedAt.UTC()
	}
	return piece{tenant: e.Tenant, kind: "connection", id: e.ID, sequence: e.Sequence, members: m}
}

func pieceOfFact(f events.Fact) piece {
	m := map[string]any{"sequence": f.Sequence, "removed": f.Removed}
	var data any
	if json.Unmarshal(f.Data, &data) == nil {
		m["data"] = data
	}
	return piece{tenant: f.Tenant, kind: string(f.Kind), id: f.ID, sequence: f.Sequence, members: m}
}

func members(v any) map[string]any {
	m := make(map[string]any)
	if raw, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(raw, &m) // it was an object
	}
	return m
}

// compare holds what was rebuilt against what is live.
func (b *Rebuilder) compare(ctx context.Context, w *rebuilding, s *State) error {
	live, rebuilt := make(map[string]piece), make(map[string]piece)
	for e, err := range b.bus.Entries(ctx, events.BucketConnections) {
		if err != nil {
			return err
		}
		if !e.Missing { // requests name it, and no event made it
			live[pieceOf(e).key()] = pieceOf(e)
		}
	}
	for f, err := range b.bus.EveryFact(ctx, events.BucketPermissions) {
		if err != nil {
			return err
		}
		live[pieceOfFact(*f).key()] = pieceOfFact(*f)
	}
	for e := range w.registry.All() {
		rebuilt[pieceOf(e).key()] = pieceOf(e)
	}
	for f := range w.facts.All() {
		rebuilt[pieceOfFact(f).key()] = pieceOfFact(f)
	}
	reach, err := b.reached(ctx)
	if err != nil {
		return err
	}
	s.Differences = []StateDifference{}
	all := maps.Clone(live)
	maps.Copy(all, rebuilt)
	for key, p := range all {
		if b.o.Tenant == "" || b.o.Tenant == p.tenant {
			s.hold(p, rebuilt[key], live[key], reach)
		}
	}
	s.sorted()
	return nil
}

// reach is up to where the workers have answered a stream, and its last sequence.
type reach struct{ answered, last uint64 }

func (b *Rebuilder) reached(ctx context.Context) (map[string]reach, error) {
	all := make(map[string]reach)
	for stream, durable := range map[string]string{events.StreamConnections: bus.DurableConnections, events.StreamPermissions: bus.DurablePermissions} {
		workers, err := b.bus.Consumer(ctx, bus.Durable{Stream: stream, Name: durable})
		if err != nil {
			return nil, err
		}
		holds, err := b.bus.State(ctx, stream)
		if err != nil {
			return nil, err
		}
		all[stream] = reach{workers.Floor, holds.Last}
	}
	return all, nil
}

// hold holds one piece against the other. What was published behind what was read, and what the workers have not
// answered, is no difference.
func (s *State) hold(p, rebuilt, live piece, reached map[string]reach) {
	read, r := s.Connections, reached[events.StreamConnections]
	if p.kind != "connection" {
		read, r = s.Permissions, reached[events.StreamPermissions]
	}
	if live.sequence > read && live.sequence <= r.last || rebuilt.sequence > r.answered {
		s.Moved++
		return
	}
	found := differences(rebuilt.members, live.members)
	if len(found) == 0 {
		s.Compared++
	}
	for _, d := range found {
		d.Tenant, d.Kind, d.ID = p.tenant, p.kind, p.id
		s.Differences = append(s.Differences, d)
	}
}

func differences(rebuilt, live map[string]any) (all []StateDifference) {
	if rebuilt == nil || live == nil {
		return []StateDifference{{Rebuilt: shown(rebuilt), Live: shown(live)}}
	}
	names := maps.Clone(rebuilt)
	maps.Copy(names, live)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a, b := rebuilt[name], live[name]; !reflect.DeepEqual(a, b) {
			all = append(all, StateDifference{Member: name, Rebuilt: text(a), Live: text(b)})
		}
	}
	return all
}

// shown says in a word whether there is such a thing.
func shown(m map[string]any) string {
	if m == nil {
		return ""
	}
	return "at " + text(m["sequence"])
}

// textMost is how much of a value is shown, in bytes.
const textMost = 200

func text(v any) string {
	if v == nil {
		return ""
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw[:min(len(raw), textMost)])
}
