package permission_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

// rule is the one that is expected.
func (a Expected) rule() permission.Rule {
	switch {
	case a.Rule != "" || a.Answer != "allowed":
		return a.Rule
	case a.Deprecated:
		return permission.BySiteSet
	default:
		return permission.ByAppSet
	}
}

// hold holds a decision against what is expected of it.
func (a Expected) hold(t *testing.T, d permission.Decision) {
	t.Helper()
	want := a.rule()
	if a.Answer != "allowed" && a.Answer != "refused" || want == "" {
		t.Fatalf("the case says neither that it is allowed nor by which rule it is refused: %q, %q", a.Answer, a.Rule)
	}
	got := fmt.Sprintf("allowed %v by %s, field %q, conditional %v, deprecated %v", d.Allowed, d.Rule, d.Field, d.Conditional, d.Deprecated)
	wanted := fmt.Sprintf("allowed %v by %s, field %q, conditional %v, deprecated %v", a.Answer == "allowed", want, a.Field, a.Conditional, a.Deprecated)
	if got != wanted {
		t.Errorf("got  %s\nwant %s", got, wanted)
	}
	if a.Sets != nil {
		equalLists(t, "the sets behind it", uses(d.Sets()), a.Sets)
	}
}

func (f *loaded) decide(t *testing.T, c decisionCase) {
	q := c.Ask.Question
	q.Fields, q.Record = c.Fields, recordOf(c.Record).model()
	c.hold(t, f.now.Decide(&q))
}

func (f *loaded) read(t *testing.T, c readCase) {
	p, d := f.now.Plan(c.Ask.Question)
	if p == nil {
		t.Fatalf("there is no plan: %s", d.Rule)
	}
	fields, ok, none := p.Narrow(c.Wants)
	if ok == c.All || none != c.None {
		t.Errorf("narrowed: got everything %v, nothing readable %q; want %v, %q", !ok, none, c.All, c.None)
	}
	equalLists(t, "what is asked for", fields, c.AsksFor)
	if c.Filter != "" {
		if got := sayFilter(p.Filter(c.By)); got != c.Filter {
			t.Errorf("filter: got %s, want %s", got, c.Filter)
		}
	}
	for _, r := range c.Records {
		m := recordOf(r.Record)
		if got := p.Visible(m, c.By); got != r.Seen {
			t.Errorf("%v: seen: got %v, want %v", r.Record, got, r.Seen)
		}
		for field, want := range r.Fields {
			if got := p.Readable(m, field); got != want {
				t.Errorf("%v: %s readable: got %v, want %v", r.Record, field, got, want)
			}
		}
	}
	if c.Used != nil {
		equalLists(t, "the sets that were needed", uses(p.Used()), c.Used)
	}
	if p.Deprecated() != c.Deprecated {
		t.Errorf("deprecated: got %v, want %v", p.Deprecated(), c.Deprecated)
	}
}

func sayFilter(f *formula.Filter, none bool) string {
	switch {
	case none:
		return "no record"
	case f == nil:
		return "nothing"
	default:
		return f.String()
	}
}

func (f *loaded) write(t *testing.T, c writeCase) {
	q := c.Ask.Question
	for field := range sorted(c.Writes) {
		q.Fields = append(q.Fields, field)
	}
	p, d := f.now.Plan(q)
	if p == nil {
		c.hold(t, d)
		return
	}
	forced := make(map[string]any, len(p.Forced))
	for field, v := range p.Forced {
		forced[field] = v
	}
	if got, want := fmt.Sprint(forced), fmt.Sprint(recordOf(c.Forced)); len(forced)+len(c.Forced) > 0 && got != want {
		t.Errorf("forced: got %s, want %s", got, want)
	}
	if got := p.Look(q.Fields); got != c.Looks {
		t.Errorf("looks first: got %v, want %v", got, c.Looks)
	}
	before := recordOf(c.Before).model()
	after := recordOf(c.Before).with(recordOf(c.Writes)).with(forced).model()
	switch q.Op {
	case events.CreateRecords:
		before = nil
	case events.DeleteRecords:
		after = nil
	default:
	}
	got := p.Change(before, after, q.Fields)
	got.Deprecated = p.Deprecated()
	if got.Deprecated {
		got.Rule = permission.BySiteSet
	}
	c.hold(t, got)
}

func (f *loaded) show(t *testing.T, c shownCase) {
	q := c.Ask.Question
	q.Record = recordOf(c.Record).model()
	fields, d := f.now.Fields(q)
	c.hold(t, d)
	got := make([]string, 0, len(fields))
	for _, g := range fields {
		got = append(got, sayField(g))
	}
	equalLists(t, "fields", got, c.Fields)
}

// sayField is a field as cases write it.
func sayField(g events.FieldGrant) string {
	var said []string
	for _, part := range []struct {
		text string
		is   bool
	}{{"read", g.Read}, {"write", g.Write}, {"as " + g.DisplayName, g.DisplayName != ""}, {"type " + g.Type, g.Type != ""}, {"usage " + g.Usage, g.Usage != ""}} {
		if part.is {
			said = append(said, part.text)
		}
	}
	return g.Field + ": " + strings.Join(said, ", ")
}

func (f *loaded) explain(t *testing.T, c explainCase) {
	q := c.Ask.Question
	q.Fields, q.Record = c.Fields, recordOf(c.Record).model()
	e := f.now.Explain(q)
	if e.Allowed != (c.Answer == "allowed") {
		t.Errorf("allowed: %v by %s", e.Allowed, e.Rule)
	}
	steps := make([]string, 0, len(e.Steps))
	for _, s := range e.Steps {
		says := strings.TrimSpace(string(s.Missing) + " " + s.Field)
		if s.Grants() != (s.Missing == "" && len(s.Unmet) == 0) {
			t.Errorf("%s grants: %v", s.Set.ID, s.Grants())
		}
		for _, u := range s.Unmet {
			says += "; unmet " + u
		}
		for _, o := range s.Open {
			says += "; open " + o
		}
		says = cmp.Or(strings.TrimPrefix(says, "; "), "grants it")
		steps = append(steps, sayUse(s.Set.ID, s.Through, s.Group)+": "+says)
	}
	equalLists(t, "steps", steps, c.Steps)
	would := make([]string, 0, len(e.Would))
	for _, s := range e.Would {
		would = append(would, s.ID)
	}
	equalLists(t, "would help", would, c.Would)
}

// same asks everything of both users that the file's world knows.
func (f *loaded) same(t *testing.T, c sameCase) {
	differences := 0
	f.everyQuestion(func(q permission.Question) {
		a, b := q, q
		a.User, b.User = whoIs(c.Who), whoIs(c.As)
		x, y := f.now.Decide(&a), f.now.Decide(&b)
		if x.Allowed == y.Allowed && x.Conditional == y.Conditional && x.Field == y.Field {
			return
		}
		if differences++; !c.Differ {
			t.Errorf("%s %s of %s in %s, fields %v: %s is allowed %v (%s), %s %v (%s)",
				q.Op, q.Object, q.Connection, q.App, q.Fields, c.Who, x.Allowed, x.Rule, c.As, y.Allowed, y.Rule)
		}
	})
	if c.Differ && differences == 0 {
		t.Error("there is no difference")
	}
}

// everyQuestion goes through apps, connections, operations, objects and fields that sets of the world name, and one of
// each that none names.
func (f *loaded) everyQuestion(do func(permission.Question)) {
	v := f.w.vocabulary()
	for _, app := range v.apps {
		for _, connection := range v.connections {
			for _, op := range []events.DataOp{permission.Reach, permission.Raw} {
				do(permission.Question{App: app, Connection: connection, Op: op, Now: today})
			}
			for _, object := range v.objects {
				for _, op := range events.DataOps() {
					do(permission.Question{App: app, Connection: connection, Object: object, Op: op, Now: today})
					for _, field := range v.fields {
						do(permission.Question{App: app, Connection: connection, Object: object, Op: op, Fields: []string{field}, Now: today})
					}
				}
			}
		}
	}
}

// vocabulary is every name that sets of a world use, and one that none uses.
type vocabulary struct{ apps, connections, objects, fields []string }

func (w *world) vocabulary() vocabulary {
	v := vocabulary{apps: []string{"elsewhere"}, connections: []string{"unheard"}, objects: []string{"Unheard"}, fields: []string{"Unheard"}}
	for _, s := range w.sets {
		v.apps = append(v.apps, s.App)
		if s.Site != nil {
			v.apps = append(v.apps, s.Site.Apps...)
		}
		for _, c := range s.Connections {
			v.connections = append(v.connections, c.Connection)
			for _, o := range c.Objects {
				v.objects = append(v.objects, o.Object)
				for _, f := range o.Fields {
					v.fields = append(v.fields, f.Field)
				}
			}
		}
	}
	for _, names := range []*[]string{&v.apps, &v.connections, &v.objects, &v.fields} {
		slices.Sort(*names)
		*names = slices.DeleteFunc(slices.Compact(*names), func(n string) bool { return n == "" || n == events.Any })
	}
	return v
}
