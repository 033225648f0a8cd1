package schemas_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/dispatch/strictjson"
	"holdfast/internal/fault"
	"holdfast/schemas"
)

func exampleOf(t *testing.T, eventType events.Type) object {
	t.Helper()
	return load(t, filepath.Join("testdata", string(eventType)+".json"))
}

func TestExamplesAreValid(t *testing.T) {
	found, err := filepath.Glob("testdata/holdfast.*.json")
	if err != nil || len(found) != len(allTypes()) {
		t.Fatalf("%d examples of %d types: %v", len(found), len(allTypes()), err)
	}
	for _, eventType := range allTypes() {
		if err := schemas.Validate(eventType, exampleOf(t, eventType)); err != nil {
			t.Errorf("%s: %+v", eventType, err)
		}
	}
}

// TestReasonsAreTheClosedSet holds the enum against fault's own list.
func TestReasonsAreTheClosedSet(t *testing.T) {
	var want []string
	for c := fault.None; c <= fault.Unknown; c++ {
		for _, r := range fault.Reasons(c) {
			want = append(want, string(r))
		}
	}
	got := strs(within(load(t, "defs.json"), "$defs", "reason")["enum"])
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the schema's reasons %q\n want %q", got, want)
	}
}

func TestUnknownMembersAreTolerated(t *testing.T) {
	doc := exampleOf(t, events.ActionRequested)
	doc["anextension"] = "x"
	within(doc, "data")["later"] = object{"a": 1}
	if err := schemas.Validate(events.ActionRequested, doc); err != nil {
		t.Error(err)
	}
}

// canary stands for whatever a sender writes where it does not belong.
const canary = "canary-8c1f"

// bad is one mistake in the example of a type: value put at a path; nil takes it away.
type bad struct {
	name  string
	kind  events.Type
	path  string
	value any
	field string // where it is told; empty: at path
	says  string
}

var mistakes = []bad{
	{name: "no step kind", kind: events.ActionRequested, path: "/data/step_kind", says: "is missing"},
	{name: "wrong step kind", kind: events.ActionRequested, path: "/data/step_kind", value: canary, says: "wants one of action, form"},
	{name: "number for text", kind: events.ActionRequested, path: "/data/run_id", value: 7.0, says: "wants string"},
	{name: "bad id", kind: events.ActionRequested, path: "/data/run_id", value: canary + ".*", says: "an id is"},
	{name: "no operation", kind: events.ActionRequested, path: "/data/action/operation", says: "is missing"},
	{name: "object without operation", kind: events.PermissionQuery, path: "/data/operation", says: "is missing"},
	{name: "operation without object", kind: events.PermissionQuery, path: "/data/object", says: "is missing"},
	{name: "no time", kind: events.ActionRequested, path: "/time", says: "is missing"},
	{name: "bad deadline", kind: events.ActionRequested, path: "/data/deadline", value: canary, says: "date-time"},
	{name: "null", kind: events.ActionRequested, path: "/data/deadline", value: json.RawMessage("null"), says: "wants string"},
	{name: "data is text", kind: events.ActionRequested, path: "/data", value: canary, says: "wants object"},
	{name: "other type", kind: events.ActionRequested, path: "/type", value: canary, says: "wants holdfast.action.requested.v1"},
	{name: "seconds below 0", kind: events.ConnectionCreated, path: "/data/suspend_for_seconds", value: -1.0, says: "at least 0"},
	{name: "half a second", kind: events.ConnectionCreated, path: "/data/suspend_for_seconds", value: 0.5, says: "wants integer"},
	{name: "extend by nothing", kind: events.SuspensionExtendRequested, path: "/data/extend_for_seconds", value: 0.0, says: "at least 1"},
	{name: "extend by what", kind: events.SuspensionExtendRequested, path: "/data/extend_for_seconds", says: "is missing"},
	{name: "names no suspension", kind: events.SuspensionResumeRequested, path: "/data/connection_id", field: "/data", says: "one of connection_id, run_id, request_id"},
	{name: "reason of no set", kind: events.ActionFailed, path: "/data/reason", value: canary, says: "wants one of"},
}

var connectionMistakes = []bad{
	{name: "no settings", path: "/data/settings", says: "is missing"},
	{name: "no base_url", path: "/data/settings/base_url", says: "is missing"},
	{name: "ftp", path: "/data/settings/base_url", value: "ftp://" + canary, says: "http or https"},
	{name: "user in base_url", path: "/data/settings/base_url", value: "https://" + canary + "@h/", says: "without user name"},
	{name: "query in base_url", path: "/data/settings/base_url", value: "https://h/?" + canary, says: "no query"},
	{name: "no URL", path: "/data/settings/base_url", value: canary, says: "wants"},
	{name: "statuses", path: "/data/settings/auth_failure_statuses", value: []any{200.0}, field: "/data/settings/auth_failure_statuses/0", says: "at least 300"},
	{name: "response bytes", path: "/data/settings/max_response_bytes", value: 1e9, says: "at most 262144"},
	{name: "header name", path: "/data/settings/response_headers", value: []any{"a b"}, field: "/data/settings/response_headers/0", says: "wants to match"},
	{name: "method", path: "/data/auth/method", value: canary, says: "wants one of none, basic"},
	{name: "no method", path: "/data/auth/method", says: "is missing"},
	{name: "no token URL", path: "/data/auth/token_url", says: "is missing"},
	{name: "no level", path: "/data/availability/level", says: "is missing"},
	{name: "no site", path: "/data/availability/site_id", says: "is missing"},
	{name: "level", path: "/data/availability/level", value: canary, says: "wants one of tenant"},
	{name: "no owner", path: "/data/owners", value: []any{}, says: "at least 1"},
	{name: "owner twice", path: "/data/owners", value: []any{"u", "u"}, says: "once"},
	{name: "two owners of a personal one", path: "/data/kind", value: "personal", field: "/data/owners", says: "at most 1"},
}

func TestO1_C1_WhatIsWrongIsToldWithTheField(t *testing.T) {
	for _, c := range slices.Concat(mistakes, withKind(connectionMistakes)) {
		t.Run(c.name, func(t *testing.T) {
			doc := exampleOf(t, c.kind)
			put(t, doc, c.path, c.value)
			f := violationOf(t, schemas.Validate(c.kind, doc))
			want := c.field
			if want == "" {
				want = c.path
			}
			if f.Field != want || !strings.Contains(f.Detail, c.says) {
				t.Errorf("%s: %q, want %s: …%s…", f.Field, f.Detail, want, c.says)
			}
			if strings.Contains(f.Error(), canary) || f.Unwrap() != nil {
				t.Errorf("the value is repeated: %v", f)
			}
		})
	}
}

func withKind(cases []bad) (out []bad) {
	for _, c := range cases {
		c.kind = events.ConnectionCreated
		out = append(out, c)
	}
	return out
}

func TestC1_SettingsOfEveryMethodThatNeedsATokenURL(t *testing.T) {
	for _, method := range []string{"oauth2_client_credentials", "oauth2_refresh_token", "oauth2_jwt_bearer"} {
		doc := exampleOf(t, events.ConnectionUpdated)
		put(t, doc, "/data/auth", object{"method": method})
		if f := violationOf(t, schemas.Validate(events.ConnectionUpdated, doc)); f.Field != "/data/auth/token_url" {
			t.Errorf("%s: %s %s", method, f.Field, f.Detail)
		}
	}
	for _, method := range []string{"none", "basic", "api_key", "bearer"} {
		doc := exampleOf(t, events.ConnectionUpdated)
		put(t, doc, "/data/auth", object{"method": method})
		if err := schemas.Validate(events.ConnectionUpdated, doc); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestC10_NamesHoldNoControlAndNoMarkup(t *testing.T) {
	for _, name := range []string{"", " ", "\t", "a\nb", "a\x00b", "a\u0085b", "<b>x</b>", "a<b", "a>b",
		"ab\u202Egnp.exe", "a\u2028b", "\ufeffa", strings.Repeat("x", 201)} {
		doc := exampleOf(t, events.ConnectionCreated)
		put(t, doc, "/data/name", name)
		if f := violationOf(t, schemas.Validate(events.ConnectionCreated, doc)); f.Field != "/data/name" {
			t.Errorf("%q: %s %s", name, f.Field, f.Detail)
		}
	}
	for _, name := range []string{"CRM", "R&D", "Größe 日本", "a 'quoted' \"name\"", "Sales (EU) / 2", strings.Repeat("ü", 200)} {
		doc := exampleOf(t, events.ConnectionCreated)
		put(t, doc, "/data/name", name)
		if err := schemas.Validate(events.ConnectionCreated, doc); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestC9_APersonalConnectionNeedsNoAvailability(t *testing.T) {
	doc := exampleOf(t, events.ConnectionCreated)
	put(t, doc, "/data/kind", "personal")
	put(t, doc, "/data/owners", []any{"u-1"})
	put(t, doc, "/data/availability", nil)
	if err := schemas.Validate(events.ConnectionCreated, doc); err != nil {
		t.Error(err)
	}
}

func TestATypeWithoutASchema(t *testing.T) {
	if f := fault.From(schemas.Validate("holdfast.no.such.v1", object{})); f.Reason != fault.UnknownType {
		t.Errorf("%v", f)
	}
}

// FuzzValidate holds that whatever is not valid is told with a pointer and in bounded words.
func FuzzValidate(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","data":{}}`))
	f.Add([]byte(`{"data":{"owners":[1,"",null],"auth":{"method":"basic"},"settings":[]}}`))
	f.Add([]byte(`[1e999999999]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := strictjson.Parse(raw, 64, "")
		if err != nil {
			return
		}
		for _, eventType := range events.Inbound() {
			if err := schemas.Validate(eventType, doc.Root); err != nil {
				told := violationOf(t, err)
				if len(told.Field) > 2048 || len(told.Detail) > 2048 || told.Field != "" && told.Field[0] != '/' {
					t.Fatalf("%q: %q %q", raw, told.Field, told.Detail)
				}
			}
		}
	})
}

func violationOf(t *testing.T, err error) *fault.Fault {
	t.Helper()
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Reason != fault.SchemaViolation || f.Detail == "" {
		t.Fatalf("err = %v, want a schema violation", err)
	}
	return f
}

// put sets the value at a path of member names; nil takes it away, json null is written as RawMessage.
func put(t *testing.T, doc object, path string, value any) {
	t.Helper()
	names := strings.Split(path, "/")[1:]
	for _, name := range names[:len(names)-1] {
		doc = within(doc, name)
	}
	last := names[len(names)-1]
	switch value := value.(type) {
	case nil:
		delete(doc, last)
	case json.RawMessage:
		doc[last] = nil
	default:
		doc[last] = value
	}
}
