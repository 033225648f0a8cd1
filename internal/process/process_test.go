package process_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/process"
)

func onboarding() events.Process {
	return events.Process{
		Tenant: "acme", ID: "onboarding", Version: "3", App: "hr", Publisher: "ann",
		Steps: []events.ProcessStep{
			{ID: "create", Kind: events.ActionStep, ExecuteAs: "crm", Connector: "http", Operation: "request"},
			{ID: "ask", Kind: events.FormStep},
			{ID: "free", Kind: events.ActionStep},
		},
	}
}

func version() process.Version { return process.Version{Process: onboarding(), Published: 7} }

func request(change func(*events.Request)) events.Request {
	r := events.Request{
		Tenant: "acme", Step: "create", StepKind: events.ActionStep, Process: "onboarding", ProcessVersion: "3",
		Action: events.Action{Connector: "http", Operation: "request"},
	}
	change(&r)
	return r
}

func TestW5_AFormStepThatNamesAConnectionIsNotPublished(t *testing.T) {
	if f := process.Check(onboarding()); f != nil {
		t.Fatalf("a good process is refused: %v", f)
	}
	p := onboarding()
	p.Steps[1].ExecuteAs = "crm"
	f := process.Check(p)
	if f == nil || f.Reason != fault.FormStep || f.Rule != "form_step" || f.Field != "/data/steps/1/execute_as" {
		t.Fatalf("got %+v, want form_step at /data/steps/1/execute_as", f)
	}
}

func TestW4_TwoStepsOfOneIdAreNotPublished(t *testing.T) {
	p := onboarding()
	p.Steps[2].ID = "create"
	if f := process.Check(p); f == nil || f.Rule != "step_twice" || f.Field != "/data/steps/2/step_id" {
		t.Fatalf("got %+v, want step_twice at /data/steps/2/step_id", f)
	}
}

func TestW2_W5_ARequestIsHeldAgainstItsStep(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(*events.Request)
		connection  string
		rule, field string // both empty: the request may go on
	}{
		"the step's connection":     {func(*events.Request) {}, "crm", "", ""},
		"the same, named":           {func(r *events.Request) { r.Connection = "crm" }, "crm", "", ""},
		"another one":               {func(r *events.Request) { r.Connection = "erp" }, "", "step_connection", "/data/connection_id"},
		"no such step":              {func(r *events.Request) { r.Step = "drop" }, "", "process_step", "/data/step_id"},
		"a form step":               {func(r *events.Request) { r.Step = "ask" }, "", "form_step", "/data/step_kind"},
		"a form step with one":      {func(r *events.Request) { r.Step, r.Connection = "ask", "crm" }, "", "form_step", "/data/step_kind"},
		"another connector":         {func(r *events.Request) { r.Action.Connector = "noop" }, "", "step_action", "/data/action/connector"},
		"another operation":         {func(r *events.Request) { r.Action.Operation = "drop" }, "", "step_action", "/data/action/operation"},
		"another app":               {func(r *events.Request) { r.App = "finance" }, "", "process_app", "/data/app_id"},
		"its app":                   {func(r *events.Request) { r.App = "hr" }, "crm", "", ""},
		"the request's own":         {func(r *events.Request) { r.Step, r.Connection = "free", "erp" }, "erp", "", ""},
		"any action where not said": {func(r *events.Request) { r.Step, r.Connection, r.Action.Connector = "free", "erp", "noop" }, "erp", "", ""},
		"none at all":               {func(r *events.Request) { r.Step = "free" }, "", "step_connection", "/data/connection_id"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, f := process.Resolve(version(), request(c.change))
			if c.rule != "" {
				if f == nil || f.Class() != fault.Denied || f.Rule != c.rule || f.Field != c.field {
					t.Fatalf("got %+v, want rule %s at %s", f, c.rule, c.field)
				}
				return
			}
			if f != nil || r.Connection != c.connection || r.App != "hr" {
				t.Errorf("connection %q, app %q, %v", r.Connection, r.App, f)
			}
		})
	}
}

func TestW4_AVersionStaysAsItIs(t *testing.T) {
	again := onboarding()
	again.Tenant = ""
	if !version().Same(again) {
		t.Error("the same content is taken for another")
	}
	for name, change := range map[string]func(*events.Process){
		"publisher":  func(p *events.Process) { p.Publisher = "bob" },
		"app":        func(p *events.Process) { p.App = "finance" },
		"connection": func(p *events.Process) { p.Steps[0].ExecuteAs = "erp" },
		"a step":     func(p *events.Process) { p.Steps = p.Steps[:2] },
	} {
		p := onboarding()
		if change(&p); version().Same(p) {
			t.Errorf("another %s is taken for the same content", name)
		}
	}
}

func TestW4_RetirementIsForRunsThatBeginLater(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		retirements []process.Retirement
		began       time.Time
		want        bool
	}{
		"never":               {nil, at, true},
		"before":              {[]process.Retirement{{At: at, Sequence: 8}}, at.Add(-time.Nanosecond), true},
		"at that time":        {[]process.Retirement{{At: at, Sequence: 8}}, at, false},
		"after":               {[]process.Retirement{{At: at, Sequence: 8}}, at.Add(time.Hour), false},
		"published after it":  {[]process.Retirement{{At: at, Sequence: 6}}, at.Add(time.Hour), true},
		"the earlier counts":  {[]process.Retirement{{At: at.Add(time.Hour), Sequence: 9}, {At: at, Sequence: 8}}, at, false},
		"the later does not":  {[]process.Retirement{{At: at, Sequence: 8}, {At: at.Add(time.Hour), Sequence: 9}}, at, false},
		"the other is older":  {[]process.Retirement{{At: at, Sequence: 8}, {At: at.Add(-time.Hour), Sequence: 6}}, at.Add(-time.Minute), true},
		"zero time is before": {[]process.Retirement{{At: at, Sequence: 8}}, time.Time{}, true},
	} {
		v := version()
		for _, r := range c.retirements {
			v = v.Retire(r)
		}
		if got := v.Takes(c.began); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
