package catalog_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
	"holdfast/internal/secretscan"
	"holdfast/schemas"
)

// script is how one type's target answers; testdata/answers.yaml holds one for each.
type script struct {
	Settings  json.RawMessage     `json:"settings"`
	Auth      events.AuthSettings `json:"auth"`
	Action    string              `json:"action"`
	At        string              `json:"at"`
	Good, Bad answer
	Also, Not []answer
}

func scripts(t *testing.T) map[string]script {
	t.Helper()
	raw, err := os.ReadFile("testdata/answers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]script
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// as is the script's connection with one of the type's methods.
func (s script) as(t *catalog.Type, m catalog.Method) events.Connection {
	c := events.Connection{Tenant: "acme", ID: "c", Name: "C", Type: t.Name, Kind: events.Shared, Owners: []string{"ann"},
		Auth: s.Auth, Settings: s.Settings}
	c.Auth.Method = string(m.Method)
	if m.TokenURL == "" && m.Method.AsksProvider() && c.Auth.TokenURL == "" {
		c.Auth.TokenURL = "https://login.example.com/token"
	}
	return c
}

func TestC1_C12_EveryTypeReachesItsTargetAndKnowsBadCredentials(t *testing.T) {
	types, all := builtin(t).All(), scripts(t)
	if len(types) < 22 {
		t.Errorf("%d types", len(types))
	}
	s, connectors := newStage(t)
	for _, typ := range types {
		t.Run(typ.Name, func(t *testing.T) {
			script, ok := all[typ.Name]
			if !ok || script.Good.Status == 0 || script.Bad.Status == 0 || script.At == "" {
				t.Fatal("testdata/answers.yaml has no good and bad answer of this type")
			}
			applied, f := typ.Apply(script.as(typ, typ.Auth[0]))
			if f != nil {
				t.Fatalf("%v at %s", f, f.Field)
			}
			con, ok := connectors.Lookup(typ.Tester())
			if !ok {
				t.Fatalf("no connector %q", typ.Tester())
			}
			run := trial(t, con, connectors, applied, script.Action)
			s.say(script.Good)
			if err := run(); err != nil {
				t.Fatalf("a good answer: %v at %s", err, fault.From(err).Field)
			}
			if r := s.asked(); r == nil || "https://"+r.Host+r.RequestURI != script.At {
				t.Errorf("asked %v, want %s", r, script.At)
			} else {
				sent(t, typ, r.Header.Get)
			}
			for _, a := range append([]answer{script.Bad}, script.Also...) {
				s.say(a)
				if got := reason(run()); got != fault.BadCredentials {
					t.Errorf("%d %s: %q, want bad_credentials", a.Status, a.Body, got)
				}
			}
			for _, a := range script.Not {
				s.say(a)
				if got := reason(run()); got == fault.BadCredentials {
					t.Errorf("%d %s is taken for bad credentials", a.Status, a.Body)
				}
			}
		})
		delete(all, typ.Name)
	}
	for name := range all {
		t.Errorf("testdata/answers.yaml: there is no type %s", name)
	}
}

// trial tests the connection; where the type has nothing to test with, it runs an action.
func trial(t *testing.T, con connector.Connector, all *connector.Registry, c events.Connection, action string) func() error {
	cred := credential.NewBearer(secret.New("a-token"), time.Time{})
	if action == "" {
		return func() error { return con.Test(t.Context(), connector.Request{Settings: c.Settings, Credential: cred}) }
	}
	h, _ := all.Lookup("http")
	input, _ := json.Marshal(map[string]string{"method": "POST", "path": action})
	return func() error {
		_, err := h.Execute(t.Context(), connector.Request{Operation: "request", Settings: c.Settings, Credential: cred, Input: input})
		return err
	}
}

// sent makes sure that the type's fixed headers arrived.
func sent(t *testing.T, typ *catalog.Type, header func(string) string) {
	t.Helper()
	for name, value := range typ.Headers {
		if got := header(name); got != value && !strings.Contains(value, "{") {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestC5_EveryMethodOfEveryTypeCanBeApplied(t *testing.T) {
	all := scripts(t)
	for _, typ := range builtin(t).All() {
		for _, m := range typ.Auth {
			c, f := typ.Apply(all[typ.Name].as(typ, m))
			if f != nil {
				t.Errorf("%s %s: %v at %s", typ.Name, m.Method, f, f.Field)
				continue
			}
			for what, u := range map[string]string{"token": c.Auth.TokenURL, "authorize": c.Auth.AuthorizeURL, "device": c.Auth.DeviceURL, "revoke": c.Auth.RevokeURL} {
				if u != "" && (!strings.HasPrefix(u, "https://") || strings.ContainsAny(u, "{} ")) {
					t.Errorf("%s %s: %s URL %q", typ.Name, m.Method, what, u)
				}
			}
			if again, f := typ.Apply(withAuth(all[typ.Name].as(typ, m), c.Auth)); f != nil || !slices.Equal(again.Auth.Scopes, c.Auth.Scopes) {
				t.Errorf("%s %s: what the type says is refused when the connection says it too: %v", typ.Name, m.Method, f)
			}
		}
	}
}

func withAuth(c events.Connection, a events.AuthSettings) events.Connection {
	c.Auth = a
	return c
}

// A pattern that no answer matches would be there for nothing.
func TestC12_EveryPatternOfBadCredentialsMatchesAnAnswer(t *testing.T) {
	all := scripts(t)
	for _, typ := range builtin(t).All() {
		for _, f := range typ.BadCredentials {
			matches := func(a answer) bool { return a.Status == f.Status && regexp.MustCompile(f.Body).MatchString(a.Body) }
			if !slices.ContainsFunc(append([]answer{all[typ.Name].Bad}, all[typ.Name].Also...), matches) {
				t.Errorf("%s: no answer of testdata/answers.yaml is %d with %q", typ.Name, f.Status, f.Body)
			}
		}
	}
}

func TestC1_EveryTypeIsWhole(t *testing.T) {
	targets := make(map[catalog.Target]bool)
	for _, typ := range builtin(t).All() {
		targets[typ.Target] = true
		if !strings.HasPrefix(typ.Docs, "https://") || strings.Contains(typ.Docs, "example") {
			t.Errorf("%s: docs %q", typ.Name, typ.Docs)
		}
		if typ.From != "" {
			t.Errorf("%s says that it comes from %s", typ.Name, typ.From)
		}
		for _, m := range typ.Auth {
			if len(typ.SecretFields(m.Method)) == 0 && m.Method != credential.None {
				t.Errorf("%s %s: no field of the secret is known", typ.Name, m.Method)
			}
		}
	}
	if want := []catalog.Target{catalog.List, catalog.Site, catalog.SiteCollection, catalog.Tenancy, catalog.WebService}; !slices.Equal(slices.Sorted(maps.Keys(targets)), want) {
		t.Errorf("targets %v, want %v", slices.Sorted(maps.Keys(targets)), want)
	}
}

// An event that describes a connection of a built-in type gets past everything that looks at events before the type
// is asked: the schema, and the search for secrets.
func TestO1_C1_AnEventCanDescribeAConnectionOfEveryType(t *testing.T) {
	all := scripts(t)
	for _, typ := range builtin(t).All() {
		for _, m := range typ.Auth {
			c := all[typ.Name].as(typ, m)
			c.Availability, c.Actor, c.Auth.ClientID = events.Availability{Level: "tenant"}, "ann", "an-app"
			e, err := events.New(events.ConnectionCreated, time.Now(), c)
			if err != nil {
				t.Fatal(err)
			}
			e.Source = "test"
			raw, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := schemas.Validate(events.ConnectionCreated, doc); err != nil {
				t.Errorf("%s %s: %v at %s", typ.Name, m.Method, err, fault.From(err).Field)
			}
			if at, found := secretscan.InEvent(events.ConnectionCreated, doc); found || secretscan.Found(raw) {
				t.Errorf("%s %s: something is taken for a secret: %s", typ.Name, m.Method, at)
			}
			for _, s := range typ.Settings {
				if secretscan.NamesSecret(s.Name) {
					t.Errorf("%s: the setting %s has a name that no event may carry", typ.Name, s.Name)
				}
			}
		}
	}
}
