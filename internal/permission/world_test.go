package permission_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

const tenant = "acme"

// today is when everything is asked.
var today = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// world is what is true of a tenant, written down once: the snapshot is made of its facts, and the second evaluator
// reads it as it is.
type world struct {
	users  map[string]user
	groups map[string][]string // members
	admins []string            // of the tenant
	sets   map[string]madeSet
	given  []given           // of app sets
	site   map[string]siteOf // user → site set
	open   map[string]bool   // apps
}

type user struct {
	name       string
	attributes map[string]any
	removed    bool
}

// madeSet is a set, and when it was made.
type madeSet struct {
	events.PermissionSet

	Created uint64 `json:"created"`
}

// given is an assignment, and when it was made.
type given struct {
	events.PermissionAssignment

	at uint64
}

type siteOf struct {
	set string
	at  uint64
}

// Everything is made at its moment, and assigned later, if it is not said otherwise.
const (
	made     = 100
	assigned = 200
)

func newWorld() *world {
	return &world{users: map[string]user{}, groups: map[string][]string{}, sets: map[string]madeSet{}, site: map[string]siteOf{}, open: map[string]bool{}}
}

// facts are the world as a worker hears of it, in an order that is the same every time.
func (w *world) facts() (all []events.Fact) {
	for id, u := range sorted(w.users) {
		attributes := make(map[string]json.RawMessage)
		for name, v := range u.attributes {
			attributes[name] = document(v)
		}
		f := factOf(events.FactUser, id, assigned, events.User{ID: id, Name: u.name, Attributes: attributes})
		if u.removed {
			f = gone(f)
		}
		all = append(all, f)
	}
	for id, members := range sorted(w.groups) {
		all = append(all, factOf(events.FactGroup, id, assigned, events.Group{ID: id, Members: members}))
	}
	if len(w.admins) > 0 {
		r := events.RoleHolders{Role: events.TenantAdministrator, Users: w.admins}
		all = append(all, factOf(events.FactRole, r.FactID(), assigned, r))
	}
	for id, s := range sorted(w.sets) {
		all = append(all, factOf(events.FactSet, id, max(s.Created, made), s))
	}
	for _, g := range w.given {
		all = append(all, factOf(events.FactAssignment, g.FactID(), g.at, g.PermissionAssignment))
	}
	for id, s := range sorted(w.site) {
		all = append(all, factOf(events.FactSiteSet, id, s.at, events.PermissionAssignment{Set: s.set, User: id}))
	}
	for app, open := range sorted(w.open) {
		all = append(all, factOf(events.FactPublicAccess, app, assigned, events.PublicAccess{App: app, Enabled: open}))
	}
	return all
}

// snapshot is what a worker makes of the world.
func (w *world) snapshot() *permission.Snapshot { return apply(w.facts()...) }

func apply(facts ...events.Fact) *permission.Snapshot {
	var all permission.Snapshots
	for _, f := range facts {
		all.Apply(f)
	}
	return all.Of(tenant)
}

func factOf(kind events.FactKind, id string, at uint64, payload any) events.Fact {
	return events.Fact{Tenant: tenant, Kind: kind, ID: id, Sequence: at, Data: document(payload)}
}

func gone(f events.Fact) events.Fact {
	f.Removed, f.Data = true, nil
	return f
}

func document(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// sorted goes through a map in order.
func sorted[K cmp.Ordered, V any](m map[K]V) func(yield func(K, V) bool) {
	return func(yield func(K, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// record is a record of tests: its fields by their paths, as decoded JSON.
type record map[string]any

func (r record) Field(path string) (formula.Value, bool) {
	v, ok := r[path]
	return v, ok
}

// model is the record as a question takes it; none where there is none.
func (r record) model() formula.Model {
	if r == nil {
		return nil
	}
	return r
}

// with is the record with other values.
func (r record) with(values map[string]any) record {
	next := maps.Clone(r)
	if next == nil {
		next = record{}
	}
	maps.Copy(next, values)
	return next
}

// uses writes the sets behind a decision as people say it: clerk in person, auditor through group clerks.
func uses(sets []events.SetUse) []string {
	all := make([]string, 0, len(sets))
	for _, s := range sets {
		all = append(all, sayUse(s.Set, permission.Through(s.Through), s.Group))
	}
	return all
}

func sayUse(set string, through permission.Through, group string) string {
	switch through {
	case permission.InPerson:
		return set + " in person"
	case permission.ThroughGroup:
		return set + " through " + group
	case permission.AsPublic:
		return set + " as the public"
	case permission.AsSiteSet:
		return set + " as site set"
	default:
		return set + " through what nobody knows: " + string(through)
	}
}

func equalLists(t testing.TB, what string, got, want []string) {
	t.Helper()
	if len(got)+len(want) > 0 && !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
