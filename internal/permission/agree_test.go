package permission_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/permission"
)

// agreement holds a snapshot against the second evaluator, question by question.
type agreement struct {
	t       *rapid.T
	w       *world
	now     *permission.Snapshot
	records []record // the first is none
	asked   int
}

// TestP1_P6_TheSecondEvaluatorAgrees: over random worlds, whose facts came in random order, a snapshot and an evaluator
// that is written straight from the rules say the same of every question: decisions with their rules, fields and sets,
// plans held against records, fields, apps, landings, and who configures what.
func TestP1_P6_TheSecondEvaluatorAgrees(t *testing.T) {
	asked, worlds, allowed := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		a := &agreement{t: t, w: w, now: apply(shuffled(t, w.facts())...)}
		a.records = []record{nil, generator{t, w}.record(), generator{t, w}.record()}
		allowed += a.all()
		asked += a.asked
		worlds++
	})
	if asked < 100_000 {
		t.Errorf("only %d decisions were compared", asked)
	}
	if allowed*50 < asked {
		t.Errorf("of %d decisions, %d are yes: the worlds are too poor", asked, allowed)
	}
	t.Logf("%d decisions in %d worlds, %d of them yes", asked, worlds, allowed)
}

func (a *agreement) all() (allowed int) {
	for _, who := range append(slices.Clone(someUsers), "", "ghost", events.PermissionPublic) {
		a.person(who)
		for _, app := range append(slices.Clone(someApps), "a9") {
			q := permission.Question{User: who, App: app, Now: today}
			allowed += a.decide(q, nil)
			for _, q.Connection = range append(slices.Clone(someConnections), "c9") {
				for _, q.Op = range []events.DataOp{permission.Reach, permission.Raw, events.ReadRecords} {
					allowed += a.decide(q, nil)
				}
				if app == "a9" || q.Connection == "c9" {
					continue // there is nothing there
				}
				for _, q.Object = range []string{"Orders", "orders", "Lines", "Unheard"} {
					allowed += a.object(q)
				}
			}
		}
	}
	return allowed
}

// object asks everything of an object.
func (a *agreement) object(q permission.Question) (allowed int) {
	a.fields(q)
	for _, q.Op = range events.DataOps() {
		for _, q.Fields = range [][]string{nil, {"Region", "Amount"}, {"owner", "Author/Title"}, {"Owner/Id", "Else"}, {"region", "author/Title"}} {
			for _, r := range a.records {
				allowed += a.decide(q, r)
			}
		}
		for _, q.Fields = range [][]string{nil, {"Region", "Owner"}, {"Author/Title"}, {"owner"}} {
			a.plan(q)
		}
	}
	return allowed
}

func (a *agreement) decide(q permission.Question, r record) int {
	a.asked++
	q.Record = r.model()
	got := a.now.Decide(&q)
	want := a.w.decide(q, r)
	if sayDecision(got) != sayVerdict(want) {
		a.t.Fatalf("%+v of %v\ngot  %s\nwant %s", q, r, sayDecision(got), sayVerdict(want))
	}
	if got.Allowed {
		return 1
	}
	return 0
}

func sayDecision(d permission.Decision) string {
	return fmt.Sprintf("%v by %s, field %q, conditional %v, deprecated %v, %v", d.Allowed, d.Rule, d.Field, d.Conditional, d.Deprecated, d.Sets())
}

func sayVerdict(v verdict) string {
	return fmt.Sprintf("%v by %s, field %q, conditional %v, deprecated %v, %v", v.allowed, v.rule, v.field, v.conditional, v.deprecated, v.sets)
}

func (a *agreement) fields(q permission.Question) {
	for _, r := range a.records {
		q.Record = r.model()
		fields, d := a.now.Fields(q)
		var got []string
		for _, f := range fields {
			got = append(got, sayField(f))
		}
		want, deprecated, _ := a.w.shown(q, r)
		if !slices.Equal(got, want) || d.Deprecated != deprecated || len(got) > 0 && !d.Allowed {
			a.t.Fatalf("fields of %+v\ngot  %v, deprecated %v\nwant %v, deprecated %v", q, got, d.Deprecated, want, deprecated)
		}
		a.refusal(q, r, d)
	}
}

// refusal: no fields are shown for the reason for which none could be read or written.
func (a *agreement) refusal(q permission.Question, r record, d permission.Decision) {
	order := []permission.Rule{permission.RemovedUser, permission.PublicAccessOff, permission.AppSetNeeded, permission.ConnectionNotGranted,
		permission.ObjectNotGranted, permission.OperationNotGranted, permission.RecordNotGranted}
	last, any := permission.Rule(""), false
	for _, q.Op = range []events.DataOp{events.ReadRecords, events.CreateRecords, events.UpdateRecords} {
		v := a.w.granted(q, r)
		any = any || v.allowed
		if slices.Index(order, v.rule) > slices.Index(order, last) {
			last = v.rule
		}
	}
	if any != d.Allowed || !any && d.Rule != last {
		a.t.Fatalf("fields of %+v: allowed %v by %s, want %v by %s", q, d.Allowed, d.Rule, any, last)
	}
}

func (a *agreement) plan(q permission.Question) {
	p, d := a.now.Plan(q)
	want, v := a.w.plan(q)
	switch {
	case (p != nil) != v.allowed || sayDecision(d) != sayVerdict(v):
		a.t.Fatalf("plan of %+v\ngot  %s\nwant %s", q, sayDecision(d), sayVerdict(v))
	case p == nil:
		return
	}
	a.forced(q, p.Forced, want.forced)
	if q.Op == events.ReadRecords {
		a.reads(q, p, want)
		return
	}
	if got := p.Look(q.Fields); got != want.look(q.Fields) {
		a.t.Fatalf("%+v looks first: %v", q, got)
	}
	for _, before := range a.records[1:] {
		a.change(q, p, want, before)
	}
}

func (a *agreement) forced(q permission.Question, got map[string]formula.Value, want map[string]any) {
	if len(got) != len(want) {
		a.t.Fatalf("%+v: forced %v, want %v", q, got, want)
	}
	for f, v := range want {
		if x, there := got[f]; !there || say(x) != say(v) {
			a.t.Fatalf("%+v: forced %v, want %v", q, got, want)
		}
	}
}

func (a *agreement) reads(q permission.Question, p *permission.Plan, want naivePlan) {
	for _, wanted := range [][]string{nil, {"Region", "Owner"}, {"Author", "Else"}, {"owner"}} {
		fields, ok, none := p.Narrow(wanted)
		f, o, n := want.narrow(wanted)
		if !slices.Equal(fields, f) || ok != o || none != n {
			a.t.Fatalf("%+v narrows %v to %v, %v, %q; want %v, %v, %q", q, wanted, fields, ok, none, f, o, n)
		}
	}
	for _, by := range [][]string{nil, {"Amount"}, {"Owner", "Author/Title"}} {
		filter, none := p.Filter(by)
		for _, r := range a.records[1:] {
			a.asked++
			fresh, _ := a.now.Plan(q)
			got := fresh.Visible(r, by)
			if got != want.visible(r, by) || fresh.Deprecated() != want.needsSite(r, by) {
				a.t.Fatalf("%+v: %v is visible by %v: %v, deprecated %v", q, r, by, got, fresh.Deprecated())
			}
			if got && (none || filter != nil && !filter.Matches(r)) {
				a.t.Fatalf("%+v: %v is visible by %v, and the filter %s leaves it out", q, r, by, sayFilter(filter, none))
			}
		}
	}
	for _, r := range a.records[1:] {
		for _, f := range []string{"Region", "owner", "Author", "Author/Title", "Else"} {
			if got := p.Readable(r, f); got != want.readable(r, f) {
				a.t.Fatalf("%+v: %s of %v is readable: %v", q, f, r, got)
			}
		}
	}
}

// change writes other values of the question's fields, and those that are forced.
func (a *agreement) change(q permission.Question, p *permission.Plan, want naivePlan, before record) {
	a.asked++
	after := before
	for _, f := range q.Fields {
		after = after.with(map[string]any{f: a.records[1]["Owner"]})
	}
	for f, v := range p.Forced {
		after = after.with(map[string]any{f: v})
	}
	if q.Op == events.DeleteRecords {
		after = nil
	}
	got := p.Change(before, after.model(), q.Fields)
	allowed, rule, field := want.change(before, after, q.Fields)
	if got.Allowed != allowed || got.Rule != rule || got.Field != field {
		a.t.Fatalf("%+v changes %v to %v: got %v by %s %s, want %v by %s %s", q, before, after, got.Allowed, got.Rule, got.Field, allowed, rule, field)
	}
	if !p.Look(q.Fields) && q.Op != events.CreateRecords {
		if unseen := p.Change(nil, after.model(), q.Fields); unseen.Allowed != allowed || unseen.Rule != rule {
			a.t.Fatalf("%+v: without a look %v by %s, with one %v by %s", q, unseen.Allowed, unseen.Rule, allowed, rule)
		}
	}
}

// person asks what is asked of a user alone.
func (a *agreement) person(who string) {
	if who == "" {
		return
	}
	site, self := a.w.configures(who)
	set, has := a.w.siteSetOf(who)
	want := fmt.Sprint(a.w.appsOf(who), a.w.landing(who, ""), a.w.landing(who, "a1"), a.w.landing(who, "a2"), site, self, has)
	got := fmt.Sprint(a.now.Apps(who), a.now.Landing(who, ""), a.now.Landing(who, "a1"), a.now.Landing(who, "a2"),
		a.now.ConfiguresSite(who), a.now.ConfiguresSelf(who), a.now.SiteSet(who) != nil)
	if got != want || has && a.now.SiteSet(who).ID != set.ID {
		a.t.Fatalf("%s: got %s, want %s", who, got, want)
	}
	if may := a.now.MayConfigure(who); (may == nil) != (site || who == events.ActorSystem && !a.w.isRemoved(who) || who == events.ActorSystem) {
		a.t.Fatalf("%s may configure: %v", who, may)
	}
	for _, app := range someApps {
		a.holds(who, app)
	}
}

func (a *agreement) holds(who, app string) {
	h, _ := a.w.holdings(who, app)
	want := h.apps
	if h.site != "" {
		want = append(slices.Clone(want), events.SetUse{Set: h.site, Through: string(permission.AsSiteSet)})
	}
	var got []events.SetUse
	for _, x := range a.now.Holds(who, app) {
		got = append(got, events.SetUse{Set: x.Set.ID, Through: string(x.Through), Group: x.Group})
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		a.t.Fatalf("%s holds %v in %s, want %v", who, got, app, want)
	}
	reader := a.now.Reader(who, app)
	for _, ref := range []string{"s1", "s2", "x2", "l1"} {
		set, held := a.w.holdsSet(who, app, ref)
		id, asset, name, ok := reader.AppPermission(ref)
		if ok != held || id != set.ID || name != set.Name || asset != cmp.Or(set.AssetID, set.ID) {
			a.t.Fatalf("%s in %s reads %s as %s, %s, %s, %v", who, app, ref, id, asset, name, ok)
		}
	}
	for _, name := range []string{"id", "name", "region", "limit", "chief"} {
		v, _ := reader.Attribute(name)
		if want := a.w.rawAttribute(who, name); say(v) != say(want) && name != "id" {
			a.t.Fatalf("%s in %s: attribute %s is %v, want %v", who, app, name, v, want)
		}
	}
}
