// Package largeworld makes the permissions of a large tenant, the same every time: what speed is measured on.
package largeworld

import (
	"encoding/json"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/permission"
)

// Tenant is whose it is.
const Tenant = "acme"

// Size is how much of everything there is.
type Size struct{ Users, Groups, Apps, SetsPerApp, Connections int }

// Large is the size that figures are told of; Small is the same in little, for tests.
var (
	Large = Size{Users: 10_000, Groups: 500, Apps: 200, SetsPerApp: 5, Connections: 1_000}
	Small = Size{Users: 400, Groups: 40, Apps: 20, SetsPerApp: 5, Connections: 60}
)

// What one of each is connected to.
const (
	connectionsPerSet = 5
	objectsPer        = 2
	fieldsPer         = 5
	groupsPerUser     = 5
	setsPerUser       = 2 // in person
	setsPerGroup      = 4
)

// Regions are the values of the users' one attribute, which every second object's condition is about.
var Regions = []string{"North", "East", "South", "West"}

// Condition is what every second object's records have to meet.
const Condition = `{{$Model.Region}} = {{$User.region}}`

// User is a user's id by number.
func User(i int) string       { return fmt.Sprintf("user-%05d", i) }
func group(i int) string      { return fmt.Sprintf("group-%03d", i) }
func set(i int) string        { return fmt.Sprintf("set-%04d", i) }
func app(i int) string        { return fmt.Sprintf("app-%03d", i) }
func connection(i int) string { return fmt.Sprintf("conn-%04d", i) }

// Object and Field are names by number: those that a set grants come first.
func Object(i int) string { return fmt.Sprintf("Object%d", i) }

// Field is an object's field by number.
func Field(i int) string { return fmt.Sprintf("Field%d", i) }

// Region is a user's.
func Region(user int) string { return Regions[user%len(Regions)] }

// Sets are how many sets there are.
func (s Size) Sets() int { return s.Apps * s.SetsPerApp }

// AppOf is the app that a set is of.
func (s Size) AppOf(set int) string { return app(set / s.SetsPerApp) }

// Set is a set: some connections, of each some objects, of each some fields; odd objects have the condition.
func (s Size) Set(i int) events.PermissionSet {
	p := events.PermissionSet{ID: set(i), Kind: events.AppSet, App: s.AppOf(i), Name: "Set " + set(i), Actor: events.ActorSystem}
	for c := range connectionsPerSet {
		grant := events.ConnectionGrant{Connection: connection(s.connectionOf(i, c)), Raw: c == 0}
		for o := range objectsPer {
			grant.Objects = append(grant.Objects, objectGrant(i, o))
		}
		p.Connections = append(p.Connections, grant)
	}
	return p
}

func (s Size) connectionOf(set, c int) int { return (set*7 + c*13) % s.Connections }

func objectGrant(set, o int) events.ObjectGrant {
	g := events.ObjectGrant{Object: Object(o), Operations: []events.DataOp{events.ReadRecords}}
	if set%2 == 0 {
		g.Operations = append(g.Operations, events.UpdateRecords)
	}
	for f := range fieldsPer {
		g.Fields = append(g.Fields, events.FieldGrant{Field: Field(f), Read: true, Write: f%2 == 0})
	}
	if o%2 == 1 {
		g.Conditions = []events.Condition{{Formula: Condition}}
	}
	return g
}

// GroupsOf are the groups that a user is in.
func (s Size) GroupsOf(user int) (groups []int) {
	for i := range groupsPerUser {
		groups = append(groups, (user*3+i*37)%s.Groups)
	}
	return groups
}

// GroupSets are the sets that a group has, UserSets those that a user has in person.
func (s Size) GroupSets(group int) (sets []int) {
	for i := range setsPerGroup {
		sets = append(sets, (group*11+i*101)%s.Sets())
	}
	return sets
}

// UserSets are the sets that a user has in person.
func (s Size) UserSets(user int) (sets []int) {
	for i := range setsPerUser {
		sets = append(sets, (user*5+i*503)%s.Sets())
	}
	return sets
}

// Facts are the world as a worker hears of it.
func (s Size) Facts() []events.Fact {
	var all []events.Fact
	add := func(kind events.FactKind, id string, at uint64, payload any) {
		raw, err := json.Marshal(payload)
		if err != nil {
			panic(err)
		}
		all = append(all, events.Fact{Tenant: Tenant, Kind: kind, ID: id, Sequence: at, Data: raw})
	}
	for i := range s.Sets() {
		add(events.FactSet, set(i), 1, s.Set(i))
	}
	members := make([][]string, s.Groups)
	for u := range s.Users {
		add(events.FactUser, User(u), 1, events.User{ID: User(u), Attributes: map[string]json.RawMessage{"region": json.RawMessage(`"` + Region(u) + `"`)}})
		for _, g := range s.GroupsOf(u) {
			members[g] = append(members[g], User(u))
		}
		for _, i := range s.UserSets(u) {
			a := events.PermissionAssignment{Set: set(i), User: User(u)}
			add(events.FactAssignment, a.FactID(), 2, a)
		}
	}
	for g := range s.Groups {
		add(events.FactGroup, group(g), 1, events.Group{ID: group(g), Members: members[g]})
		for _, i := range s.GroupSets(g) {
			a := events.PermissionAssignment{Set: set(i), Group: group(g)}
			add(events.FactAssignment, a.FactID(), 2, a)
		}
	}
	return all
}

// Snapshot is what a worker makes of facts.
func Snapshot(facts []events.Fact) *permission.Snapshot {
	var all permission.Snapshots
	for _, f := range facts {
		all.Apply(f)
	}
	return all.Of(Tenant)
}

// Now is when everything is asked.
var Now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// Question is the ith of a mix that never repeats for long. Users, and apps that they have something in, change with
// every question; of four questions one is about a connection, and one about a field, that is not granted, and every
// third is a write. object is 0: without a condition, or 1: with one.
func (s Size) Question(i, object int) permission.Question {
	user := (i * 7919) % s.Users
	held := s.UserSets(user)
	for _, g := range s.GroupsOf(user) {
		held = append(held, s.GroupSets(g)...)
	}
	in := held[i%len(held)]
	q := permission.Question{User: User(user), App: s.AppOf(in), Connection: connection(s.connectionOf(in, i%connectionsPerSet)), Object: Object(object),
		Op: events.ReadRecords, Fields: []string{Field(i % fieldsPer)}, Now: Now}
	if i%3 == 0 {
		q.Op = events.UpdateRecords
	}
	switch i % 4 {
	case 2:
		q.Connection = connection((i * 31) % s.Connections)
	case 3:
		q.Fields = []string{"Secret"}
	default:
	}
	return q
}
