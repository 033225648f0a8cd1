package permission_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

// story is a tenant to which things happen, as a worker takes them.
type story struct {
	now  *permission.Snapshot
	next uint64
}

// tell takes an event, unless a worker would refuse it.
func (s *story) tell(t events.Type, payload any) bool {
	s.next++
	f, why := s.now.Try(t, payload, s.next)
	if why != nil {
		return false
	}
	s.now = s.now.Apply(f)
	return true
}

// must takes an event that a worker takes.
func (s *story) must(t testing.TB, kind events.Type, payload any) {
	t.Helper()
	s.next++
	f, why := s.now.Try(kind, payload, s.next)
	if why != nil {
		t.Fatalf("%s: %s (%s)", kind, why.Detail, why.Field)
	}
	s.now = s.now.Apply(f)
}

// fact takes what is known of a user or a group.
func (s *story) fact(kind events.FactKind, id string, removed bool, payload any) {
	s.next++
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	s.now = s.now.Apply(events.Fact{Kind: kind, ID: id, Sequence: s.next, Removed: removed, Data: raw})
}

// The vocabulary of drawn worlds: small, so that things meet.
var (
	drawnUsers       = []string{"ann", "ben", "cleo", "dan", "eve"}
	drawnGroups      = []string{"north", "south"}
	drawnApps        = []string{"sales", "stock", "hr"}
	drawnConnections = []string{"erp", "crm"}
	drawnObjects     = []string{"Orders", "orders", "Lines", "*"}
	drawnFields      = []string{"Id", "Title", "Owner", "Owner/Name", "owner/Name", "*"}
	drawnSets        = []string{"reps", "clerks", "bosses", "old", "legacy", "trainees", "standard", "asset-1", "asset-2", "legacy-sales"}
	drawnFormulas    = []string{`{{$Model.Region}} = {{$User.region}}`, `{{$Model.Open}} = TRUE`, `{{$User.region}} = "north"`, `TRUE`, `FALSE`,
		`{{$Model.Id}} > 1 OR {{$Model.Open}}`, `NOT ISBLANK({{$User.appPermissions.reps.id}})`, `ISBLANK({{$User.appPermissions.asset-1.id}})`,
		`{{$User.appPermissions.standard.name}} = "Standard" OR {{$Model.Open}}`, `{{$User.appPermissions.legacy.id}} = ""`, `ISBLANK({{$User.appPermissions.old-stock.id}})`}
	drawnForces = []string{`{{$User.id}}`, `"north"`, `CONCATENATE("x", {{$User.appPermissions.old.id}})`, `{{$User.region}}`}
)

// drawSome draws some of a list, each once.
func drawSome[T comparable](t *rapid.T, what string, of []T, most int) []T {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, most, rapid.ID[T]).Draw(t, what)
}

func drawBool(t *rapid.T, what string) bool { return rapid.Bool().Draw(t, what) }

func drawOne[T any](t *rapid.T, what string, of []T) T { return rapid.SampledFrom(of).Draw(t, what) }

func drawObject(t *rapid.T, name string) events.ObjectGrant {
	o := events.ObjectGrant{Object: name, Operations: drawSome(t, "operations", events.DataOps(), 4)}
	if len(o.Operations) == 0 {
		o.Operations = []events.DataOp{events.ReadRecords}
	}
	for _, f := range drawSome(t, "fields", drawnFields, 3) {
		g := events.FieldGrant{Field: f, Read: drawBool(t, "read"), Write: drawBool(t, "write")}
		if drawBool(t, "shown") {
			g.DisplayName, g.Usage = drawOne(t, "name", []string{"A", "B"}), drawOne(t, "usage", []string{"", "key"})
		}
		o.Fields = append(o.Fields, g)
	}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		switch rapid.IntRange(0, 3).Draw(t, "condition") {
		case 0:
			o.Conditions = append(o.Conditions, events.Condition{HasSet: drawOne(t, "has", drawnSets)})
		case 1:
			o.Conditions = append(o.Conditions, events.Condition{Force: &events.ForcedValue{
				Field: drawOne(t, "forced", drawnFields[:4]), Value: drawOne(t, "value", drawnForces)}})
		default:
			o.Conditions = append(o.Conditions, events.Condition{Formula: drawOne(t, "formula", drawnFormulas)})
		}
	}
	return o
}

func drawConnections(t *rapid.T) (all []events.ConnectionGrant) {
	for _, id := range drawSome(t, "connections", drawnConnections, 2) {
		g := events.ConnectionGrant{Connection: id, Raw: drawBool(t, "raw")}
		if !drawBool(t, "whole") {
			g.Objects = []events.ObjectGrant{}
			for _, name := range drawSome(t, "objects", drawnObjects, 2) {
				g.Objects = append(g.Objects, drawObject(t, name))
			}
		}
		all = append(all, g)
	}
	return all
}

func drawSite(t *rapid.T) *events.SiteRights {
	return &events.SiteRights{ConfigureSite: drawBool(t, "site"), ConfigureSelf: drawBool(t, "self"), Apps: drawSome(t, "apps", drawnApps, 3),
		DefaultApp: drawOne(t, "default", append(drawnApps, "")), LandOnLast: drawBool(t, "last")}
}

// drawStory is a tenant to which anything has happened that workers let happen.
func drawStory(t *rapid.T) *story {
	s := &story{now: new(permission.Snapshot)}
	for _, u := range drawnUsers {
		s.fact(events.FactUser, u, false, events.User{ID: u, Attributes: map[string]json.RawMessage{"region": json.RawMessage(drawOne(t, "region", []string{`"north"`, `"south"`}))}})
	}
	for _, g := range drawnGroups {
		s.fact(events.FactGroup, g, false, events.Group{ID: g, Members: drawSome(t, "members", drawnUsers, 3)})
	}
	for range rapid.IntRange(1, 8).Draw(t, "sets") {
		p := events.PermissionSet{ID: drawOne(t, "set", drawnSets), Kind: events.AppSet, Name: "A set", App: drawOne(t, "app", drawnApps), Actor: events.ActorSystem,
			AssetID: drawOne(t, "asset", []string{"", "", "asset-1", "asset-2"}), Workspaces: drawSome(t, "workspaces", []string{"w1", "w2"}, 2), Connections: drawConnections(t)}
		if drawBool(t, "a site set") {
			p.Kind, p.App, p.AssetID, p.ClonedFrom, p.Site = events.SiteSet, "", "", events.SystemSetStandard, drawSite(t)
		}
		s.tell(events.PermissionSetCreated, p)
	}
	for _, id := range []string{events.SystemSetPublic, events.SystemSetStandard} {
		if drawBool(t, "changed") {
			p := s.now.Set(id).PermissionSet
			p.Site, p.Connections, p.Actor = drawSite(t), drawConnections(t), events.ActorSystem
			s.tell(events.PermissionSetUpdated, p)
		}
	}
	drawAssignments(t, s)
	return s
}

func drawAssignments(t *rapid.T, s *story) {
	for range rapid.IntRange(2, 12).Draw(t, "assignments") {
		a := events.PermissionAssignment{Set: drawOne(t, "assigned", drawnSets), Actor: events.ActorSystem}
		switch rapid.IntRange(0, 5).Draw(t, "to") {
		case 0:
			a.Group = drawOne(t, "group", drawnGroups)
		case 1:
			a.Public = true
		default:
			a.User = drawOne(t, "user", append(drawnUsers, "unheard-of", events.ActorSystem))
		}
		s.tell(events.PermissionAssigned, a)
	}
	for _, app := range drawSome(t, "open", drawnApps, 2) {
		s.tell(events.PermissionPublicChanged, events.PublicAccess{App: app, Enabled: true, Actor: events.ActorSystem})
	}
	for _, u := range drawSome(t, "removed", drawnUsers, 1) {
		s.fact(events.FactUser, u, true, nil)
	}
}

// drawnRecords are records that tell conditions apart.
var drawnRecords = []formula.Record{
	{"Id": json.Number("1"), "Region": "north", "Open": true}, {"Id": json.Number("2"), "Region": "south", "Open": false}, {"Region": "north", "Open": false},
}

// mayAll writes down everything that everybody may, decision by decision.
func mayAll(s *permission.Snapshot, tell func(what, answer string)) {
	for _, u := range append(slices.Clone(drawnUsers), "unheard-of", events.ActorSystem, events.PermissionPublic, "nobody") {
		tell(u+" lands", fmt.Sprint(s.Landing(u, ""), s.Landing(u, "hr"), s.Landing(u, "stock"), s.Apps(u), s.Workspaces(u), s.SiteRights(u)))
		for _, app := range append(slices.Clone(drawnApps), "none") {
			for _, con := range append(slices.Clone(drawnConnections), "") {
				for _, op := range []events.DataOp{permission.Reach, permission.Raw} {
					d := s.Decide(&permission.Question{User: u, App: app, Connection: con, Op: op})
					tell(fmt.Sprint(u, app, con, op), fmt.Sprint(d.Allowed))
				}
				for _, object := range []string{"Orders", "orders", "ORDERS", "Lines", "Other"} {
					mayObject(s, permission.Question{User: u, App: app, Connection: con, Object: object, Now: time.Unix(0, 0)}, tell)
				}
			}
		}
	}
}

func mayObject(s *permission.Snapshot, q permission.Question, tell func(what, answer string)) {
	shown, _ := s.Fields(q)
	tell(fmt.Sprint("fields", q), fmt.Sprint(shown))
	for _, op := range events.DataOps() {
		q.Op, q.Fields = op, nil
		plan, d := s.Plan(q)
		tell(fmt.Sprint("plan", q), fmt.Sprint(d.Allowed, d.Conditional))
		if plan == nil {
			continue
		}
		tell(fmt.Sprint("forced", q), fmt.Sprint(plan.Forced))
		for i, r := range drawnRecords {
			for _, f := range []string{"Id", "ID", "Title", "Owner", "Owner/Name", "owner/Name", "owner/name", "Owner/Name/First", "Other"} {
				answer := fmt.Sprint(plan.Readable(r, f))
				if op != events.ReadRecords {
					answer = fmt.Sprint(plan.Change(r, r, []string{f}).Allowed)
				}
				tell(fmt.Sprint(q, i, f), answer)
			}
		}
	}
}

// differsFor is the first decision that is not the same; empty: there is none.
func differsFor(before, after *permission.Snapshot) string {
	was := make(map[string]string)
	mayAll(before, func(what, answer string) { was[what] = answer })
	found := ""
	now := 0
	mayAll(after, func(what, answer string) {
		if now++; found == "" && was[what] != answer {
			found = fmt.Sprintf("%s: %q, then %q", what, was[what], answer)
		}
	})
	if found == "" && now != len(was) {
		found = fmt.Sprintf("%d answers, then %d", len(was), now)
	}
	return found
}

func noDifference(t *rapid.T, when string, before, after *permission.Snapshot) {
	for _, d := range permission.Compare(before, after).Differences {
		t.Errorf("%s: %+v", when, d)
	}
}

// Whatever the tenant, what is proposed gives the same: by the comparison, and decision by decision; also half-way, and
// for whoever was interrupted and begins anew. No decision needs a site set then.
func TestP18_WhatIsProposedIsAlwaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t)
		before := s.now
		p, f := before.Propose(events.ActorSystem)
		if f != nil {
			t.Fatalf("refused: %s (%s)", f.Detail, f.Field)
		}
		for i, step := range stepsOf(p) {
			if !s.tell(step.t, step.payload) {
				t.Fatalf("step %d is refused: %+v", i, step)
			}
			if drawBool(t, "stopped") {
				noDifference(t, fmt.Sprintf("after step %d", i), before, s.now)
				again, f := s.now.Propose(events.ActorSystem)
				if f != nil || len(stepsOf(again)) != len(stepsOf(p))-i-1 {
					t.Fatalf("begun anew after step %d of %d: %d steps, %v", i, len(stepsOf(p)), len(stepsOf(again)), f)
				}
			}
		}
		noDifference(t, "in the end", before, s.now)
		if d := differsFor(before, s.now); d != "" {
			t.Errorf("decided differently: %s", d)
		}
		mayAll(s.now, func(string, string) {})
		if needed := deprecatedIn(s.now); needed != "" {
			t.Errorf("needs a site set: %s", needed)
		}
	})
}

type step struct {
	t       events.Type
	payload any
}

// stepsOf are the events of a proposal, in their order.
func stepsOf(p permission.Proposal) (all []step) {
	for _, set := range p.Sets {
		if !set.There {
			all = append(all, step{events.PermissionSetCreated, set.PermissionSet})
		}
	}
	for _, a := range p.Assign {
		all = append(all, step{events.PermissionAssigned, a})
	}
	for _, set := range p.Empty {
		all = append(all, step{events.PermissionSetUpdated, set})
	}
	return all
}

// deprecatedIn is a question whose answer needs a site set; empty: there is none.
func deprecatedIn(s *permission.Snapshot) string {
	for _, u := range append(slices.Clone(drawnUsers), "unheard-of", events.ActorSystem, events.PermissionPublic) {
		for _, app := range drawnApps {
			for _, con := range append(slices.Clone(drawnConnections), "") {
				for _, op := range append(events.DataOps(), permission.Raw, permission.Reach) {
					q := permission.Question{User: u, App: app, Connection: con, Op: op, Object: "Orders"}
					if s.Decide(&q).Deprecated {
						return fmt.Sprintf("%+v", q)
					}
				}
			}
		}
	}
	return ""
}

// Where the comparison finds nothing, no decision is different, whatever was changed.
func TestP18_NoDifferenceMeansThatNoDecisionDiffers(t *testing.T) {
	same := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t)
		before := s.now
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			id := drawOne(t, "changed set", drawnSets)
			old := s.now.Set(id)
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				s.tell(events.PermissionAssigned, events.PermissionAssignment{Set: id, User: drawOne(t, "user", drawnUsers), Actor: events.ActorSystem})
			case 1:
				s.tell(events.PermissionUnassigned, events.PermissionAssignment{Set: id, User: drawOne(t, "user", drawnUsers), Actor: events.ActorSystem})
			default:
				if old == nil {
					continue
				}
				p := old.PermissionSet
				p.Connections, p.Actor = slightlyChanged(t, p.Connections), events.ActorSystem
				s.tell(events.PermissionSetUpdated, p)
			}
		}
		found := permission.Compare(before, s.now).Differences
		if len(found) > 0 {
			return
		}
		same++
		if d := differsFor(before, s.now); d != "" {
			t.Errorf("no difference was found, and there is one: %s", d)
		}
	})
	if same == 0 {
		t.Error("every change made a difference: nothing was tried")
	}
}

// slightlyChanged is grants with something about one object changed.
func slightlyChanged(t *rapid.T, grants []events.ConnectionGrant) []events.ConnectionGrant {
	grants = slices.Clone(grants)
	for i := range grants {
		grants[i].Objects = slices.Clone(grants[i].Objects)
		if len(grants[i].Objects) == 0 {
			continue
		}
		o := &grants[i].Objects[0]
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			o.Operations = events.DataOps()
		case 1:
			o.Conditions = nil
		case 2:
			o.Fields = slices.Clone(o.Fields)
			slices.Reverse(o.Fields)
		default:
			*o = drawObject(t, o.Object)
		}
	}
	return grants
}
