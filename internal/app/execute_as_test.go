package app_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

// onlyFor limits a connection to one user, beside an owner who plays no part.
func onlyFor(user string) func(*events.Connection) {
	return func(c *events.Connection) {
		c.Owners, c.Users, c.Account = []string{"zoe"}, []string{user}, "robot@"+c.ID
	}
}

// keyed makes the connection one with an API key, at the target's /key.
func (w *world) keyed(c *events.Connection) {
	c.Auth = events.AuthSettings{Method: "api_key"}
	c.Settings = json.RawMessage(`{"base_url":"` + w.base + `/key","test_path":"/me"}`)
	w.vault.Put(w, secretPath(c.ID), map[string]any{"api_key": "demo-key"})
}

// onboarding is a version of a process whose step create is executed as a connection.
func onboarding(version, executeAs string, with ...func(*events.Process)) events.Process {
	p := events.Process{
		ID: "onboarding", Version: version, Publisher: "ann",
		Steps: []events.ProcessStep{
			{ID: "create", Kind: events.ActionStep, ExecuteAs: executeAs, Connector: "http", Operation: "request"},
			{ID: "ask", Kind: events.FormStep},
		},
	}
	for _, change := range with {
		change(&p)
	}
	return p
}

// step makes a request one of a process's step create: it names no connection, and bob runs it.
func step(version string, with ...func(*events.Request)) func(*events.Request) {
	return func(r *events.Request) {
		r.Process, r.ProcessVersion, r.Step, r.ActingUser = "onboarding", version, "create", "bob"
		for _, change := range with {
			change(r)
		}
	}
}

// publishedBefore publishes an event that the bus has had for longer than anything would be waited for.
func (w *world) publishedBefore(t events.Type, payload any) {
	w.Helper()
	at := time.Now().Add(-2 * time.Minute)
	m := nats.NewMsg(events.SubjectOf(tenant, t))
	m.Data = w.encodedAt(t, at, payload)
	m.Header.Set(events.HeaderFirstStored, at.Format(time.RFC3339Nano))
	if _, err := w.js.PublishMsg(w.Context(), m); err != nil {
		w.Fatal(err)
	}
}

// rejects publishes a version of the process and waits for the rule that says no.
func (w *world) rejects(p events.Process, rule, field string) {
	w.Helper()
	w.rejectsEvent(events.ProcessPublished, p, rule, field)
}

func (w *world) rejectsEvent(t events.Type, payload any, rule, field string) {
	w.Helper()
	before := len(w.notices(events.ProcessPublishRejected))
	w.publishedBefore(t, payload)
	var last events.ChangeNotice
	testkit.Eventually(w, patient, "process.publish_rejected", func() bool {
		all := w.notices(events.ProcessPublishRejected)
		if len(all) != before+1 {
			return false
		}
		var err error
		last, err = events.Payload[events.ChangeNotice](all[before].Event)
		return err == nil
	})
	if last.Rule != rule || last.Field != field || last.Kind != "process" || last.ID != "onboarding" {
		w.Errorf("rejected by %q at %q (%s), want %q at %q", last.Rule, last.Field, last.Detail, rule, field)
	}
}

func TestW2_EachStepRunsWithItsOwnConnection(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", onlyFor("ann"))
	w.connect("erp", onlyFor("ann"), w.keyed)
	w.publish(events.ProcessPublished, onboarding("1", "crm", func(p *events.Process) {
		p.Steps = append(p.Steps, events.ProcessStep{ID: "book", Kind: events.ActionStep, ExecuteAs: "erp"},
			events.ProcessStep{ID: "free", Kind: events.ActionStep})
	}))
	direct := w.request("crm", func(r *events.Request) { r.ActingUser = "bob" })
	if o := w.ends(direct, events.ActionDenied); o.Rule != "not_named" {
		t.Errorf("bob himself: rule %q", o.Rule)
	}

	for name, c := range map[string]struct{ step, user, connection, resource, acting string }{
		"the first":      {"create", "bob", "crm", "basic", "bob"},
		"the second":     {"book", "bob", "erp", "key", "bob"},
		"nobody runs it": {"create", "", "crm", "basic", "system"},
	} {
		before := w.target.Calls()[c.resource][devtarget.Accepted]
		id := w.request("", step("1", func(r *events.Request) { r.Step, r.ActingUser = c.step, c.user }))
		o := w.ends(id, events.ActionCompleted)
		if o.Connection != c.connection || o.Rule != "execute_as" || o.ActingUser != c.acting ||
			o.Account != "robot@"+c.connection || o.Process != "onboarding" || o.ProcessVersion != "1" {
			t.Errorf("%s: %+v", name, o)
		}
		if n := w.target.Calls()[c.resource][devtarget.Accepted] - before; n != 1 {
			t.Errorf("%s: %d calls of /%s", name, n, c.resource)
		}
	}

	// A step without a connection leaves the choice to the request, and the right to its user.
	free := func(user string) func(*events.Request) {
		return step("1", func(r *events.Request) { r.Step, r.ActingUser = "free", user })
	}
	if o := w.ends(w.request("crm", free("ann")), events.ActionCompleted); o.Rule != "named_user" {
		t.Errorf("ann with a connection of her own choice: rule %q", o.Rule)
	}
	if o := w.ends(w.request("crm", free("bob")), events.ActionDenied); o.Rule != "not_named" {
		t.Errorf("bob with a connection of his own choice: rule %q", o.Rule)
	}
	if o := w.ends(w.request("", free("ann")), events.ActionDenied); o.Rule != "step_connection" || o.Connection != "" {
		t.Errorf("no connection at all: rule %q", o.Rule)
	}
	if o := w.ends(w.request("erp", step("1")), events.ActionDenied); o.Rule != "step_connection" {
		t.Errorf("another connection than the step's: rule %q", o.Rule)
	}
}

func TestW2_ThePublishersRightIsAskedAgainAtRunTime(t *testing.T) {
	w := newWorld(t)
	w.worker()
	user := func(id string) {
		w.publish(events.DirectoryUserUpdated, events.User{ID: id, Actor: events.ActorSystem})
	}
	members := func(ids ...string) {
		w.publish(events.DirectoryGroupUpdated, events.Group{ID: "sales", Members: append([]string{}, ids...), Actor: events.ActorSystem})
	}
	forSales := func(c *events.Connection) { c.Owners, c.Groups = []string{"zoe"}, []string{"sales"} }
	user("ann")
	members("ann")
	w.connect("crm", forSales)
	w.publish(events.ProcessPublished, onboarding("1", "crm"))
	w.ends(w.request("", step("1")), events.ActionCompleted)

	refused := func(what, rule string) {
		t.Helper()
		testkit.Eventually(t, patient, what, func() bool {
			return w.endsBy(w.request("", step("1"))) == rule
		})
		n := len(w.target.Effects())
		if o := w.ends(w.request("", step("1")), events.ActionDenied); o.Reason != "execute_as_refused" || o.Connection != "crm" {
			t.Errorf("%s: %+v", what, o)
		}
		if len(w.target.Effects()) != n {
			t.Errorf("%s: the target was asked all the same", what)
		}
	}
	works := func(what string) {
		t.Helper()
		testkit.Eventually(t, patient, what, func() bool { return w.endsBy(w.request("", step("1"))) == "execute_as" })
	}
	members()
	refused("she left the group", "not_named")
	members("ann")
	works("she is back")
	w.publish(events.DirectoryUserRemoved, events.UserRef{ID: "ann", Actor: events.ActorSystem})
	refused("she was removed", "removed_user")
	user("ann")
	works("she exists again")
	w.publish(events.DirectoryUserRemoved, events.UserRef{ID: "bob", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "who runs it was removed", func() bool {
		o, _ := w.ended(w.request("", step("1")))
		return o.Reason == "not_permitted" && o.Rule == "removed_user"
	})
	w.publish(events.DirectoryUserUpdated, events.User{ID: "bob", Actor: events.ActorSystem})
	works("he exists again")
	w.publish(events.ConnectionUpdated, w.basic("crm", onlyFor("zoe")))
	refused("the connection is for somebody else", "not_named")
}

// What waits for a repair is held against the publisher's right when it goes on, too.
func TestW2_ASuspendedStepGoesOnAsItsConnectionOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", onlyFor("ann"))
	w.publish(events.ProcessPublished, onboarding("1", "crm"))
	w.ends(w.request("", step("1")), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	r := w.action("", step("1"))
	id := r.ID
	w.publish(events.ActionRequested, r)
	s := w.suspended("crm", runOf(id), id)
	for range 3 { // copies find the chain that the request itself does not name
		w.publish(events.ActionRequested, r)
	}
	testkit.Eventually(t, patient, "all copies to be handled", func() bool { return w.unanswered("actions") == 0 })
	if r, err := events.Payload[events.Request](events.Event{Data: s.Original}); err != nil || r.Connection != "crm" {
		t.Errorf("the chain holds %s, %v", s.Original, err)
	}
	w.password("crm", "second")
	if o := w.ends(id, events.ActionCompleted); o.Rule != "execute_as" || o.ActingUser != "bob" || o.Account != "robot@crm" {
		t.Errorf("%+v", o)
	}
	w.wantLedger(id, events.ActionSuspended, events.ActionCompleted)
	if n := len(w.read(events.StreamSuspensions, "hf."+tenant+".suspension.*.*."+id)); n != 2 {
		t.Errorf("%d events on the request's chains, want suspended and resumed", n)
	}

	w.target.SetPassword("demo", "third")
	id = w.request("", step("1"))
	w.suspended("crm", runOf(id), id)
	w.publish(events.ConnectionUpdated, w.basic("crm", onlyFor("zoe")))
	testkit.Eventually(t, patient, "the change", func() bool {
		e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
		return err == nil && slices.Contains(e.Users, "zoe")
	})
	w.password("crm", "third")
	if o := w.ends(id, events.ActionDenied); o.Rule != "not_named" {
		t.Errorf("%+v", o)
	}
	w.wantEffects(id, 0)
}

func TestW2_AProcessIsNotPublishedAsWhatItsPublisherMayNotUse(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", onlyFor("ann"))
	w.connect("other", onlyFor("zoe"))
	personal := func(owner string) func(*events.Connection) {
		return func(c *events.Connection) {
			c.Kind, c.Availability, c.Owners, c.Actor = events.Personal, events.Availability{}, []string{owner}, owner
		}
	}
	w.connect("hers", personal("ann"))
	w.connect("his", personal("bob"))
	at := "/data/steps/0/execute_as"
	w.rejects(onboarding("1", "other"), "not_named", at)
	w.rejects(onboarding("1", "his"), "personal_creator_only", at)
	w.rejects(onboarding("1", "hers"), "personal_creator_only", at)
	w.rejects(onboarding("1", "nowhere"), "connection_exists", at)
	w.rejects(onboarding("1", "crm", func(p *events.Process) { p.Steps[0].Connector = "ftp" }), "operation_forbidden", "/data/steps/0/connector")
	w.publish(events.ProcessPublished, onboarding("1", "crm")) // what was rejected left nothing behind
	w.ends(w.request("", step("1")), events.ActionCompleted)
}

func TestW2_ARequestWaitsForItsProcessButNotForEver(t *testing.T) {
	w := newWorld(t)
	book := w.logged()
	w.connect("crm", onlyFor("ann"))
	id := w.request("", step("1"))
	book.retried(t, id, "conflict")
	w.publish(events.ProcessPublished, onboarding("1", "crm"))
	w.ends(id, events.ActionCompleted)

	r := w.action("", step("2"))
	w.publishedBefore(events.ActionRequested, r)
	o := w.ends(r.ID, events.ActionDenied)
	if o.Reason != "process_missing" || o.Field != "/data/process_version" || o.Connection != "" {
		t.Errorf("%+v", o)
	}
	w.matchesItsSchema(r.ID)
	other := w.action("", step("1", func(r *events.Request) { r.Step = "drop" }))
	w.publish(events.ActionRequested, other)
	if o := w.ends(other.ID, events.ActionDenied); o.Rule != "process_step" {
		t.Errorf("%+v", o)
	}
}

func TestW5_AFormStepIsRefusedAtPublishingAndAtRunTime(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.rejects(onboarding("1", "crm", func(p *events.Process) { p.Steps[1].ExecuteAs = "crm" }), "form_step", "/data/steps/1/execute_as")
	w.publish(events.ProcessPublished, onboarding("1", "crm"))
	for name, change := range map[string]func(*events.Request){
		"said to be an action": func(r *events.Request) { r.Step, r.Connection = "ask", "crm" },
		"without a connection": func(r *events.Request) { r.Step = "ask" },
		"said to be a form":    func(r *events.Request) { r.StepKind = events.FormStep },
	} {
		id := w.request("", step("1", change))
		if o := w.ends(id, events.ActionDenied); o.Reason != "form_step" || o.Rule != "form_step" {
			t.Errorf("%s: %+v", name, o)
		}
		w.wantEffects(id, 0)
	}
}

func TestW4_ARunInFlightKeepsItsVersion(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", onlyFor("ann"))
	w.connect("erp", onlyFor("ann"), w.keyed)
	first := onboarding("1", "crm")
	first.Steps = append(first.Steps, events.ProcessStep{ID: "book", Kind: events.ActionStep, ExecuteAs: "erp"})
	w.publish(events.ProcessPublished, first)
	began := time.Now()
	w.ends(w.request("", step("1")), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	waiting := w.request("", step("1"))
	w.suspended("crm", runOf(waiting), waiting)

	w.publish(events.ProcessPublished, onboarding("2", "erp"))
	if o := w.ends(w.request("", step("2")), events.ActionCompleted); o.Connection != "erp" || o.ProcessVersion != "2" {
		t.Errorf("a new run: %+v", o)
	}
	w.publish(events.ProcessPublished, first) // said again: nothing new
	w.rejects(onboarding("1", "erp"), "version_immutable", "/data/process_version")

	w.rejectsEvent(events.ProcessRetired, events.ProcessRef{ID: "onboarding", Version: "9", Actor: "ann"}, "process_missing", "/data/process_version")
	w.publish(events.ProcessRetired, events.ProcessRef{ID: "onboarding", Version: "1", Actor: "ann"})
	testkit.Eventually(t, patient, "the retirement", func() bool { // by a step whose connection is not broken
		book := func(r *events.Request) { r.Step = "book" }
		return w.endsBy(w.request("", step("1", book))) == "process_retired"
	})
	w.password("crm", "second")
	if o := w.ends(waiting, events.ActionCompleted); o.Connection != "crm" || o.ProcessVersion != "1" {
		t.Errorf("the run that waited: %+v", o)
	}
	inFlight := w.request("", step("1", func(r *events.Request) { r.RunStarted = &began }))
	if o := w.ends(inFlight, events.ActionCompleted); o.Connection != "crm" {
		t.Errorf("the next step of a run in flight: %+v", o)
	}

	w.publish(events.ProcessRetired, events.ProcessRef{ID: "onboarding", Actor: "ann"})
	testkit.Eventually(t, patient, "the retirement of all", func() bool {
		return w.endsBy(w.request("", step("2"))) == "process_retired"
	})
	w.publish(events.ProcessPublished, onboarding("3", "erp"))
	w.ends(w.request("", step("3")), events.ActionCompleted)
}
