package connection

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Applied is what an event did to its connection, kept to be told again where telling it was cut off.
type Applied struct {
	State    events.ConnectionState `json:"state"`
	Previous events.ConnectionState `json:"previous_state,omitempty"` // empty: nobody knew the connection
	Actor    string                 `json:"actor"`
	Changed  []string               `json:"changed,omitempty"`
	// Overwrote is the revision that was replaced by an event that named none.
	Overwrote uint64 `json:"overwrote,omitempty"`
}

// Apply notes on next what it makes of old; overwrites tells that it replaced old's members without having
// looked at them.
func Apply(old, next *Entry, actor string, overwrites bool) *Entry {
	a := &Applied{State: next.State(), Actor: actor}
	if old != nil {
		a.Previous = old.State()
		a.Changed = changed(old.Connection, next.Connection)
		if overwrites {
			a.Overwrote = old.Sequence
		}
	}
	var before []uint64
	if old != nil {
		before = old.Recent[max(0, len(old.Recent)-recent+1):]
	}
	next = next.clone()
	next.Applied, next.Recent = a, append(slices.Clone(before), next.Sequence)
	return next
}

// recent is how many events are remembered: more than ever come again at once.
const recent = 8

// WasApplied tells whether the event at a sequence was applied, as far back as is remembered.
func (e *Entry) WasApplied(sequence uint64) bool { return slices.Contains(e.Recent, sequence) }

// CheckRevision refuses a change that is based on another revision than the connection's last; 0 is based on
// whatever is there.
func CheckRevision(old *Entry, basedOn uint64) *fault.Fault {
	var last uint64
	if old != nil {
		last = old.Sequence
	}
	if basedOn == 0 || basedOn == last {
		return nil
	}
	return fault.New(fault.RevisionConflict,
		fmt.Sprintf("the change is based on revision %d, and the connection is at revision %d", basedOn, last)).
		WithField("/data/based_on").WithHint("look at what was changed, and make the change again")
}

// changed names the members of a connection that differ. Who changed it, and from what, is no member.
func changed(a, b events.Connection) []string {
	x, y := members(a), members(b)
	all := maps.Clone(x)
	maps.Copy(all, y)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
		return slices.Contains(unchanging, name) || sameJSON(x[name], y[name])
	})
}

var unchanging = []string{"tenant", "connection_id", "actor", "based_on", "designer_site_id"}

func members(c events.Connection) (m map[string]json.RawMessage) {
	data, err := json.Marshal(c)
	if err != nil || json.Unmarshal(data, &m) != nil {
		return nil // settings that are no JSON do not get this far
	}
	return m
}
