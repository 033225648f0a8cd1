package permission_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

func (f *loaded) person(t *testing.T, c personCase) {
	who := whoIs(c.Who)
	if c.LandsOn != nil {
		if got := f.now.Landing(who, c.LastVisited); got != *c.LandsOn {
			t.Errorf("lands on %q, want %q", got, *c.LandsOn)
		}
	}
	if c.Apps != nil {
		equalLists(t, "apps", f.now.Apps(who), *c.Apps)
	}
	if c.SiteSet != nil {
		got := ""
		if set := f.now.SiteSet(who); set != nil {
			got = set.ID
		}
		if got != *c.SiteSet {
			t.Errorf("site set %q, want %q", got, *c.SiteSet)
		}
	}
	if c.ConfiguresSite != nil && f.now.ConfiguresSite(who) != *c.ConfiguresSite {
		t.Errorf("configures the site: %v", !*c.ConfiguresSite)
	}
	if c.ConfiguresSelf != nil && f.now.ConfiguresSelf(who) != *c.ConfiguresSelf {
		t.Errorf("configures itself: %v", !*c.ConfiguresSelf)
	}
	if c.Holds != nil {
		var got []string
		for _, h := range f.now.Holds(who, c.In) {
			got = append(got, sayUse(h.Set.ID, h.Through, h.Group))
		}
		equalLists(t, "holds", got, *c.Holds)
	}
	for text, want := range c.Formulas {
		p, err := formula.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Eval(formula.Input{User: f.now.Reader(who, c.In), Model: recordOf(c.Record).model(), Now: today})
		if fmt.Sprint(got) != fmt.Sprint(want) || err != nil {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func (f *loaded) change(t *testing.T, c changeCase) {
	var got *fault.Fault
	var after *events.PermissionSet
	switch {
	case c.Actor != "":
		got = f.now.MayConfigure(c.Actor)
	case c.Create != nil:
		p := c.Create.event()
		got, after = f.now.CheckCreate(&p), &p
	case c.Update != nil:
		p := c.Update.event()
		got, after = f.now.CheckUpdate(&p), &p
	case c.Delete != "":
		got = f.now.CheckDelete(c.Delete)
	default:
		set, to, ok := strings.Cut(c.Assign, " to ")
		if !ok {
			t.Fatalf("nothing changes: %q", c.Assign)
		}
		a := assignmentOf(set, to)
		a.App, a.Replaces = c.InApp, c.Replacing
		got = f.now.CheckAssign(a)
	}
	switch {
	case c.Answer == "accepted" && got != nil:
		t.Errorf("refused by %s at %s: %s", got.Rule, got.Field, got.Detail)
	case c.Answer == "refused" && got == nil:
		t.Errorf("accepted")
	case c.Answer == "refused" && (got.Rule != c.Rule || got.Field != c.At || got.Detail == ""):
		t.Errorf("refused by %s at %s (%s), want %s at %s", got.Rule, got.Field, got.Detail, c.Rule, c.At)
	case c.Answer != "accepted" && c.Answer != "refused":
		t.Errorf("the case says neither that it is accepted nor that it is refused: %q", c.Answer)
	}
	if c.Becomes != nil && got == nil {
		want := c.Becomes.set(after.ID)
		if !reflect.DeepEqual(*after, want) {
			t.Errorf("it becomes %s\nwant       %s", document(*after), document(want))
		}
	}
}

// event is the set as an event says it.
func (n *namedSet) event() events.PermissionSet {
	p := n.set(n.ID)
	if n.Site && n.Configures == nil && n.Apps == nil && n.DefaultApp == "" && !n.LandOnLast {
		p.Site = nil // it says nothing of it
	}
	switch n.Twice {
	case "connection":
		p.Connections = append(p.Connections, p.Connections[0])
	case "object":
		p.Connections[0].Objects = append(p.Connections[0].Objects, p.Connections[0].Objects[0])
	case "field":
		o := &p.Connections[0].Objects[0]
		o.Fields = append(o.Fields, o.Fields[0])
	case "force":
		o := &p.Connections[0].Objects[0]
		o.Conditions = append(o.Conditions, o.Conditions[0])
	default:
	}
	return p
}

// conflict applies what happens next, one fact after the other.
func (f *loaded) conflict(t *testing.T, c conflictCase) {
	var all permission.Snapshots
	for _, fact := range f.w.facts() {
		all.Apply(fact)
	}
	var got []string
	for _, fact := range c.Then.world().facts() {
		before := all.Of(tenant)
		fact.Sequence += 1000
		all.Apply(fact)
		for _, x := range all.Of(tenant).NewConflicts(before, fact) {
			got = append(got, fmt.Sprintf("%s: %s and %s force %s of %s of %s on %s, %d in all", x.App, x.Sets[0], x.Sets[1], x.Field, x.Object, x.Connection, x.User, x.Users))
		}
	}
	equalLists(t, "found", got, c.Found)
}
