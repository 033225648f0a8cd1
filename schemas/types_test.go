package schemas_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/schemas"
)

// payloads says which Go type carries the data of each event type.
func payloads() map[events.Type]any {
	all := map[events.Type]any{
		events.ConnectionCreated: events.Connection{}, events.ConnectionUpdated: events.Connection{},
		events.ConnectionDeleted: events.ConnectionRef{}, events.ConnectionSecretRotated: events.ConnectionRef{},
		events.ActionRequested:           events.Request{},
		events.SuspensionResumeRequested: events.SuspensionCommand{}, events.SuspensionExtendRequested: events.SuspensionCommand{},
		events.SuspensionTerminateRequested: events.SuspensionCommand{},
		events.ConnectionBroken:             events.ConnectionNotice{}, events.ConnectionRestored: events.ConnectionNotice{},
		events.ConnectionRejected: events.ConnectionNotice{}, events.DeadLetter: events.DeadLetterData{},
		events.ConnectionUndeleted: events.ConnectionRef{}, events.ConnectionTestRequested: events.ConnectionRef{},
		events.ConnectionApplied: events.ConnectionNotice{}, events.ConnectionTested: events.ConnectionNotice{},
		events.ConnectionExpiring:   events.ConnectionNotice{},
		events.DirectoryUserUpdated: events.User{}, events.DirectoryUserRemoved: events.UserRef{},
		events.DirectoryGroupUpdated: events.Group{}, events.DirectoryGroupRemoved: events.GroupRef{},
		events.DirectoryRoleUpdated:       events.RoleHolders{},
		events.PlaceSiteCollectionUpdated: events.SiteCollection{}, events.PlaceSiteCollectionRemoved: events.SiteCollectionRef{},
		events.PlaceSiteUpdated: events.Site{}, events.PlaceSiteRemoved: events.SiteRef{},
		events.ProcessPublished: events.Process{}, events.ProcessRetired: events.ProcessRef{},
		events.DirectoryChangeRejected: events.ChangeNotice{}, events.ProcessPublishRejected: events.ChangeNotice{},
		events.PermissionSetCreated: events.PermissionSet{}, events.PermissionSetUpdated: events.PermissionSet{},
		events.PermissionSetDeleted: events.PermissionSetRef{}, events.PermissionPublicChanged: events.PublicAccess{},
		events.PermissionAssigned: events.PermissionAssignment{}, events.PermissionUnassigned: events.PermissionAssignment{},
		events.PermissionChangeRejected: events.ChangeNotice{}, events.PermissionConflictFound: events.ForceConflict{},
		events.PermissionQuery: events.PermissionQuestion{}, events.PermissionAnswer: events.PermissionReply{},
	}
	for _, t := range events.Outbound() {
		switch {
		case t.Noun() == "action":
			all[t] = events.Outcome{}
		case t.Noun() == "suspension":
			all[t] = events.Suspension{}
		case t == events.DeadLetterRetried, t == events.DeadLetterDropped:
			all[t] = events.DeadLetterAct{}
		case t == events.DeadLetterAnswered:
			all[t] = events.DeadLetterAnswer{}
		}
	}
	return all
}

func allTypes() []events.Type { return events.All() }

// TestO1_EveryTypeHasASchema holds files and types to each other, both ways.
func TestO1_EveryTypeHasASchema(t *testing.T) {
	found, err := filepath.Glob("*.v1.json")
	if err != nil || len(found) == 0 {
		t.Fatalf("no schema at all: %v", err)
	}
	var want []string
	for _, eventType := range allTypes() {
		want = append(want, schemas.FileName(eventType))
	}
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("schemas %q\n want    %q", found, want)
	}
}

func TestSchemasAreAnEnvelope(t *testing.T) {
	for _, eventType := range allTypes() {
		s := load(t, schemas.FileName(eventType))
		if s["title"] != string(eventType) {
			t.Errorf("%s: title %v", eventType, s["title"])
		}
		if s["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s: $schema %v", eventType, s["$schema"])
		}
		properties := within(s, "properties")
		if within(properties, "type")["const"] != string(eventType) {
			t.Errorf("%s: const %v", eventType, properties["type"])
		}
	}
}

// TestSchemasDescribeEveryProperty also looks into what stands in defs.json.
func TestSchemasDescribeEveryProperty(t *testing.T) {
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no schema at all", err)
	}
	for _, file := range files {
		if file != "asyncapi.json" {
			describes(t, file, load(t, file))
		}
	}
}

func describes(t *testing.T, at string, v any) {
	t.Helper()
	o, ok := v.(object)
	if !ok {
		return
	}
	for name, sub := range o {
		if name == "properties" || name == "$defs" {
			hasDescriptions(t, at, within(o, name))
		}
		if name != "if" && name != "then" && name != "allOf" { // these narrow what is described elsewhere
			describes(t, at+"/"+name, sub)
		}
	}
}

func hasDescriptions(t *testing.T, at string, properties object) {
	t.Helper()
	for name := range properties {
		if text, _ := within(properties, name)["description"].(string); len(text) < 10 {
			t.Errorf("%s: %s has no description", at, name)
		}
	}
}

// stricter are members that one event needs although their Go type, which several events share, can go without.
var stricter = map[events.Type][]string{
	events.SuspensionExtendRequested: {"extend_for_seconds"},
	events.SuspensionExtended:        {"cause"}, events.SuspensionResumed: {"cause"}, events.SuspensionTerminated: {"cause"},
	events.ActionFailed: {"reason"}, events.ActionDenied: {"reason"}, events.ActionUnknown: {"reason"},
	events.ActionSuspended: {"reason"}, events.ActionTerminated: {"reason"},
	events.ConnectionBroken: {"reason"}, events.ConnectionRejected: {"reason"},
	events.ConnectionApplied: {"revision", "state", "actor", "origin"}, events.ConnectionTested: {"origin"},
	events.ConnectionExpiring: {"ending", "ends_at"},
}

func TestSchemasAndTypesAgree(t *testing.T) {
	carried := payloads()
	for _, eventType := range allTypes() {
		payload, ok := carried[eventType]
		if !ok {
			t.Errorf("%s: no payload type", eventType)
			continue
		}
		data := within(load(t, schemas.FileName(eventType)), "properties", "data")
		agree(t, string(eventType), reflect.TypeOf(payload), data, stricter[eventType])
	}
}

// agree holds a struct against the schema of an object: the same members, the same ones optional, like types.
func agree(t *testing.T, at string, typ reflect.Type, schema object, exceptions []string) {
	t.Helper()
	resolved := resolve(t, schema)
	properties, _ := resolved["properties"].(object)
	required := append(strs(resolved["required"]), strs(schema["required"])...)
	seen := map[string]bool{}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		seen[name] = true
		p, ok := properties[name].(object)
		if !ok {
			t.Errorf("%s: the schema lacks %s", at, name)
			continue
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if slices.Contains(required, name) == optional && !slices.Contains(exceptions, name) {
			t.Errorf("%s: %s: required by the schema is %v, optional in Go is %v", at, name, !optional, optional)
		}
		sameKind(t, at+"/"+name, field.Type, p)
	}
	for name := range properties {
		if !seen[name] {
			t.Errorf("%s: the Go type lacks %s", at, name)
		}
	}
}

func sameKind(t *testing.T, at string, typ reflect.Type, schema object) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	resolved := resolve(t, schema)
	want := ""
	switch {
	case typ == reflect.TypeFor[json.RawMessage]():
		return // whatever the schema says
	case typ == reflect.TypeFor[time.Time]():
		if resolved["format"] != "date-time" {
			t.Errorf("%s: is a time in Go, %v in the schema", at, resolved)
		}
		return
	case typ == reflect.TypeFor[[]byte](), typ.Kind() == reflect.String:
		want = "string"
	case typ.Kind() == reflect.Bool:
		want = "boolean"
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int64, typ.Kind() == reflect.Uint64:
		want = "integer"
	case typ.Kind() == reflect.Struct:
		agree(t, at, typ, schema, nil)
		return
	case typ.Kind() == reflect.Map:
		want = "object"
	case typ.Kind() == reflect.Slice:
		want = "array"
		sameKind(t, at+"/0", typ.Elem(), within(resolved, "items"))
	}
	if resolved["type"] != want {
		t.Errorf("%s: the schema says %v, Go says %s", at, resolved["type"], want)
	}
}

type object = map[string]any

// within is the object at a path of member names, nil where there is none.
func within(o object, path ...string) object {
	for _, name := range path {
		o, _ = o[name].(object)
	}
	return o
}

func load(t *testing.T, file string) object {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return o
}

func resolve(t *testing.T, schema object) object {
	t.Helper()
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	_, name, _ := strings.Cut(ref, "#/$defs/")
	def := within(load(t, "defs.json"), "$defs", name)
	if def == nil {
		t.Fatalf("%s leads nowhere", ref)
	}
	return resolve(t, def)
}

func strs(v any) (out []string) {
	values, _ := v.([]any)
	for _, s := range values {
		out = append(out, fmt.Sprint(s))
	}
	return out
}
