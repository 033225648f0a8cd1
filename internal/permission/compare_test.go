package permission_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"holdfast/events"
	"holdfast/internal/permission"
)

// siteSetOf is a clone of Standard for the apps sales and stock.
func siteSetOf(id string, grants ...events.ConnectionGrant) events.PermissionSet {
	return events.PermissionSet{ID: id, Kind: events.SiteSet, Name: id, ClonedFrom: events.SystemSetStandard, Actor: events.ActorSystem, Connections: grants,
		Site: &events.SiteRights{ConfigureSelf: true, Apps: []string{"sales", "stock"}, DefaultApp: "stock"}}
}

func ordersOf(o events.ObjectGrant) events.ConnectionGrant {
	return events.ConnectionGrant{Connection: "erp", Objects: []events.ObjectGrant{o}}
}

// legacy is a tenant in which ann and ben have a site set, and the public has one, too.
func legacy(t testing.TB) *story {
	s := &story{now: new(permission.Snapshot)}
	s.must(t, events.PermissionSetCreated, siteSetOf("legacy", events.ConnectionGrant{Connection: "crm"}, ordersOf(events.ObjectGrant{
		Object: "Orders", Operations: events.DataOps(),
		Fields: []events.FieldGrant{{Field: "Id", Read: true}, {Field: "Title", Read: true, Write: true, DisplayName: "Subject"}},
		Conditions: []events.Condition{{Formula: "{{$Model.Region}} = {{$User.region}}"},
			{Force: &events.ForcedValue{Field: "ChangedBy", Value: "{{$User.id}}"}}},
	})))
	public := s.now.Set(events.SystemSetPublic).PermissionSet
	public.Site, public.Actor = &events.SiteRights{Apps: []string{"sales"}}, events.ActorSystem
	public.Connections = []events.ConnectionGrant{{Connection: "shop", Raw: true, Objects: []events.ObjectGrant{}}}
	s.must(t, events.PermissionSetUpdated, public)
	s.must(t, events.PermissionPublicChanged, events.PublicAccess{App: "sales", Enabled: true, Actor: events.ActorSystem})
	for _, u := range []string{"ann", "ben"} {
		s.must(t, events.PermissionAssigned, events.PermissionAssignment{Set: "legacy", User: u, Actor: events.ActorSystem})
	}
	return s
}

// set is the proposed one of an app that comes from a site set.
func proposed(p *permission.Proposal, from, app string) *events.PermissionSet {
	i := slices.IndexFunc(p.Sets, func(s permission.ProposedSet) bool { return s.From == from && s.App == app })
	return &p.Sets[i].PermissionSet
}

func TestP18_AWrongProposalIsFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*permission.Proposal)
		want  []string // one of the differences each: who, where, what, and how it was and is
	}{
		"nothing": {spoil: func(*permission.Proposal) {}},
		"one of the users is forgotten": {
			spoil: func(p *permission.Proposal) {
				p.Assign = slices.DeleteFunc(p.Assign, func(a events.PermissionAssignment) bool { return a.User == "ben" && a.App == "sales" })
			},
			want: []string{"[ben] sales app: yes, no", "[ben] sales crm raw actions without records: yes, no", "[ben] apps: sales, stock, stock"},
		},
		"the public is forgotten": {
			spoil: func(p *permission.Proposal) {
				p.Assign = slices.DeleteFunc(p.Assign, func(a events.PermissionAssignment) bool { return a.Public })
			},
			want: []string{"[public] sales shop raw actions without records: yes, no", "[public] lands, after : sales, "},
		},
		"an app that nobody had": {
			spoil: func(p *permission.Proposal) {
				p.Sets = append(p.Sets, permission.ProposedSet{PermissionSet: events.PermissionSet{ID: "hr", Kind: events.AppSet, Name: "hr", App: "hr", Actor: events.ActorSystem}})
				p.Assign = append(p.Assign, events.PermissionAssignment{Set: "hr", User: "ann", Actor: events.ActorSystem})
			},
			want: []string{"[ann] hr app: no, yes"},
		},
		"raw is forgotten": {
			spoil: func(p *permission.Proposal) { proposed(p, "legacy", "sales").Connections[0].Raw = false },
			want:  []string{"[ann ben] sales crm raw actions without records: yes, no"},
		},
		"a connection more": {
			spoil: func(p *permission.Proposal) {
				set := proposed(p, "legacy", "sales")
				set.Connections = append(set.Connections, events.ConnectionGrant{Connection: "hr"})
			},
			want: []string{"[ann ben] sales hr connection: no, yes"},
		},
		"an operation less": {
			spoil: func(p *permission.Proposal) {
				proposed(p, "legacy", "stock").Connections[1].Objects[0].Operations = events.DataOps()[:3]
			},
			want: []string{"[ann ben] stock erp Orders delete records: where {{$Model.Region}}={{$User.region}}, no"},
		},
		"an object more": {
			spoil: func(p *permission.Proposal) {
				c := &proposed(p, "legacy", "stock").Connections[1]
				c.Objects = append(c.Objects, events.ObjectGrant{Object: "*", Operations: events.DataOps()[:1]})
			},
			want: []string{"[ann ben] stock erp any other object read records: no, yes"},
		},
		"a field more": {
			spoil: func(p *permission.Proposal) {
				o := &proposed(p, "legacy", "stock").Connections[1].Objects[0]
				o.Fields = append(o.Fields, events.FieldGrant{Field: "*", Read: true})
			},
			want: []string{"[ann ben] stock erp Orders read any other field field read: no, where {{$Model.Region}}={{$User.region}}"},
		},
		"a condition less": {
			spoil: func(p *permission.Proposal) {
				o := &proposed(p, "legacy", "stock").Connections[1].Objects[0]
				o.Conditions = o.Conditions[1:]
			},
			want: []string{"[ann ben] stock erp Orders read Id field read: where {{$Model.Region}}={{$User.region}}, yes"},
		},
		"a condition that is the same, in other words": {
			spoil: func(p *permission.Proposal) {
				proposed(p, "legacy", "stock").Connections[1].Objects[0].Conditions[0].Formula = "({{ $Model.Region }} == {{$User.region}})"
			},
		},
		"another value forced": {
			spoil: func(p *permission.Proposal) {
				proposed(p, "legacy", "stock").Connections[1].Objects[0].Conditions[1].Force.Value = `"somebody"`
			},
			want: []string{"[ann ben] stock erp Orders create ChangedBy forced to {{$User.id}}: yes, no"},
		},
		"a field that is forced, and offered to be written": {
			spoil: func(p *permission.Proposal) {
				o := &proposed(p, "legacy", "stock").Connections[1].Objects[0]
				o.Fields = append(o.Fields, events.FieldGrant{Field: "ChangedBy", Write: true})
			},
			want: []string{"[ann ben] stock erp Orders create ChangedBy field offered to be written: no, where {{$Model.Region}}={{$User.region}}"},
		},
		"another name shown": {
			spoil: func(p *permission.Proposal) {
				proposed(p, "legacy", "stock").Connections[1].Objects[0].Fields[1].DisplayName = "Title"
			},
			want: []string{`[ann ben] stock erp Orders Title display name: "Subject" where {{$Model.Region}}={{$User.region}}, "Title" where {{$Model.Region}}={{$User.region}}`},
		},
		"another default app, and no own settings": {
			spoil: func(p *permission.Proposal) {
				i := slices.IndexFunc(p.Empty, func(s events.PermissionSet) bool { return s.ID == "legacy" })
				p.Empty[i].Site.DefaultApp, p.Empty[i].Site.ConfigureSelf = "sales", false
			},
			want: []string{"[ann ben] lands, after : stock, sales", "[ann ben] configures own settings: yes, no"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := legacy(t)
			p, f := s.now.Propose(events.ActorSystem)
			if f != nil {
				t.Fatal(f)
			}
			c.spoil(&p)
			after, f := p.After(s.now)
			if f != nil {
				t.Fatal(f)
			}
			found := permission.Compare(s.now, after).Differences
			if len(c.want) == 0 && len(found) > 0 {
				t.Errorf("it is the same, and was said to differ: %+v", found)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(found, func(d permission.Difference) bool { return said(d) == want }) {
					t.Errorf("not found: %s", want)
					for _, d := range found {
						t.Log(said(d))
					}
				}
			}
		})
	}
}

// said is a difference in a line.
func said(d permission.Difference) string {
	text := fmt.Sprint(d.Users)
	for _, part := range []string{d.App, d.Connection, d.Object, d.Operation, d.Field, d.What} {
		if part != "" {
			text += " " + part
		}
	}
	return text + ": " + d.Before + ", " + d.After
}

// A set that shows fields comes behind those whose word counts more than the site set's did, and no new set has the name
// of one that a condition asks for.
func TestP18_NewSetsTakeNobodysPlace(t *testing.T) {
	s := legacy(t)
	shows := events.PermissionSet{ID: "yard", Kind: events.AppSet, App: "stock", Name: "Yard", Actor: events.ActorSystem, Connections: []events.ConnectionGrant{
		ordersOf(events.ObjectGrant{Object: "Orders", Operations: events.DataOps(), Fields: []events.FieldGrant{{Field: "Title", Read: true, DisplayName: "Line"}},
			Conditions: []events.Condition{{Formula: "ISBLANK({{$User.appPermissions.legacy-sales.id}})"}}})}}
	s.must(t, events.PermissionSetCreated, shows)
	s.must(t, events.PermissionAssigned, events.PermissionAssignment{Set: "yard", User: "ann", Actor: events.ActorSystem})
	p, f := s.now.Propose(events.ActorSystem)
	if f != nil {
		t.Fatal(f)
	}
	if got := proposed(&p, "legacy", "stock").ID; got <= "yard" {
		t.Errorf("%s comes before yard", got)
	}
	if got := proposed(&p, "legacy", "sales").ID; got != "legacy-sales-2" {
		t.Errorf("%s", got)
	}
	after, _ := p.After(s.now)
	q := permission.Question{User: "ann", App: "stock", Connection: "erp", Object: "Orders"}
	was, _ := s.now.Fields(q)
	is, _ := after.Fields(q)
	if !slices.Equal(was, is) {
		t.Errorf("shown as %+v, then as %+v", was, is)
	}
	if c := permission.Compare(s.now, after); len(c.Differences) > 0 {
		t.Errorf("%+v", c.Differences)
	}
}

// A site set that is whole in two thousand connections would be longer than a message may be.
func TestP18_ALargeSetIsProposedInPartsThatFitIntoMessages(t *testing.T) {
	s := &story{now: new(permission.Snapshot)}
	large := siteSetOf("large")
	for i := range 2000 {
		large.Connections = append(large.Connections, events.ConnectionGrant{Connection: fmt.Sprintf("connection-%d", i)})
	}
	s.must(t, events.PermissionSetCreated, large)
	s.must(t, events.PermissionAssigned, events.PermissionAssignment{Set: "large", User: "ann", Actor: events.ActorSystem})
	p, f := s.now.Propose(events.ActorSystem)
	if f != nil {
		t.Fatal(f)
	}
	if len(p.Sets) < 4 || len(p.Assign) != len(p.Sets) {
		t.Errorf("%d sets, %d assignments", len(p.Sets), len(p.Assign))
	}
	for _, set := range p.Sets {
		raw, err := json.Marshal(set.PermissionSet)
		if err != nil || len(raw) > 200<<10 {
			t.Errorf("%s has %d bytes, %v", set.ID, len(raw), err)
		}
	}
	after, _ := p.After(s.now)
	if c := permission.Compare(s.now, after); len(c.Differences) > 0 || c.Questions < 2*2000*4 {
		t.Errorf("%d differences, %d questions", len(c.Differences), c.Questions)
	}
}

// Who was removed has nothing, and would have the same again.
func TestP18_WhoComesBackHasTheSame(t *testing.T) {
	s := legacy(t)
	s.fact(events.FactUser, "ann", true, nil)
	p, f := s.now.Propose(events.ActorSystem)
	if f != nil {
		t.Fatal(f)
	}
	after, _ := p.After(s.now)
	if c := permission.Compare(s.now, after); len(c.Differences) > 0 {
		t.Errorf("%+v", c.Differences)
	}
	p.Assign = slices.DeleteFunc(p.Assign, func(a events.PermissionAssignment) bool { return a.User == "ann" })
	after, _ = p.After(s.now)
	if c := permission.Compare(s.now, after); len(c.Differences) == 0 {
		t.Error("ann would come back with less, and nobody says so")
	}
}

// Nobody but whoever may change permissions can propose it; a tenant without site sets in use has nothing to move.
func TestP18_WhatCanNotBeProposed(t *testing.T) {
	s := legacy(t)
	if _, f := s.now.Propose("ann"); f == nil || f.Rule != string(permission.AdministratorsOnly) {
		t.Errorf("%v", f)
	}
	p, f := new(permission.Snapshot).Propose(events.ActorSystem)
	if f != nil || len(p.Sets)+len(p.Assign)+len(p.Empty) > 0 {
		t.Errorf("%+v, %v", p, f)
	}
}

// How long a large tenant waits for its proof: 10,000 users in 40 site sets and 500 groups, 200 apps, 1,000 app sets.
func BenchmarkP18_ALargeTenantIsProven(b *testing.B) {
	s := largeTenant(b)
	for b.Loop() {
		p, f := s.now.Propose(events.ActorSystem)
		if f != nil {
			b.Fatal(f)
		}
		after, f := p.After(s.now)
		if f != nil {
			b.Fatal(f)
		}
		c := permission.Compare(s.now, after)
		if len(c.Differences) > 0 || len(p.Assign) != 10_000*7 {
			b.Fatalf("%d differences, %d assignments", len(c.Differences), len(p.Assign))
		}
		b.ReportMetric(float64(c.Classes), "classes")
		b.ReportMetric(float64(c.Questions), "questions")
	}
}

func largeTenant(t testing.TB) *story {
	s := &story{now: new(permission.Snapshot)}
	for g := range 500 {
		var members []string
		for m := range 20 {
			members = append(members, fmt.Sprintf("user-%d", (g*31+m*17)%10_000))
		}
		s.fact(events.FactGroup, fmt.Sprintf("group-%d", g), false, events.Group{ID: fmt.Sprintf("group-%d", g), Members: members})
	}
	grants := func(n int) (all []events.ConnectionGrant) {
		for i := range 5 {
			c := ordersOf(events.ObjectGrant{Object: "Orders", Operations: events.DataOps(), Fields: []events.FieldGrant{{Field: "*", Read: true, Write: n%2 == 0}},
				Conditions: []events.Condition{{Formula: "{{$Model.Region}} = {{$User.region}}"}}})
			c.Connection = fmt.Sprintf("connection-%d", (n*7+i)%1000)
			all = append(all, c)
		}
		return all
	}
	for n := range 1000 {
		id := fmt.Sprintf("set-%d", n)
		s.must(t, events.PermissionSetCreated, events.PermissionSet{ID: id, Kind: events.AppSet, Name: id, App: fmt.Sprintf("app-%d", n%200), Connections: grants(n), Actor: events.ActorSystem})
		s.must(t, events.PermissionAssigned, events.PermissionAssignment{Set: id, Group: fmt.Sprintf("group-%d", n%500), Actor: events.ActorSystem})
	}
	for n := range 40 {
		set := siteSetOf(fmt.Sprintf("site-%d", n), append(grants(n), events.ConnectionGrant{Connection: "crm"})...)
		for a := range 5 {
			set.Site.Apps = append(set.Site.Apps, fmt.Sprintf("app-%d", (n*5+a)%200))
		}
		s.must(t, events.PermissionSetCreated, set)
	}
	for n := range 10_000 {
		id := fmt.Sprintf("user-%d", n)
		s.fact(events.FactUser, id, false, events.User{ID: id})
		s.must(t, events.PermissionAssigned, events.PermissionAssignment{Set: fmt.Sprintf("site-%d", n%40), User: id, Actor: events.ActorSystem})
	}
	return s
}
