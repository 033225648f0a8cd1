package catalog_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// connection is one of a type, from what its event would carry.
func connection(typ, settings, auth string) events.Connection {
	c := events.Connection{Tenant: "acme", ID: "c", Type: typ, Settings: json.RawMessage(settings)}
	if err := json.Unmarshal([]byte(auth), &c.Auth); err != nil {
		panic(err)
	}
	return c
}

func TestC1_C5_WhatDoesNotFitTheTypeIsRefusedWithTheFieldNamed(t *testing.T) {
	const basic = `{"method":"basic"}`
	c := builtin(t)
	for _, tt := range []struct{ typ, settings, auth, field string }{
		{"sap", `{}`, basic, "/data/type"},
		{"zendesk", `{"subdomain":"acme"}`, `{"method":"api_key"}`, "/data/auth/method"},
		{"zendesk", `{"subdomain":"acme"}`, `{"method":""}`, "/data/auth/method"},
		{"zendesk", `{}`, basic, "/data/settings/subdomain"},
		{"zendesk", ``, basic, "/data/settings/subdomain"},
		{"zendesk", `[]`, basic, "/data/settings"},
		{"zendesk", `{"subdomain":7}`, basic, "/data/settings/subdomain"},
		{"zendesk", `{"subdomain":""}`, basic, "/data/settings/subdomain"},
		{"zendesk", `{"subdomain":"evil.example/"}`, basic, "/data/settings/subdomain"},
		{"zendesk", `{"subdomain":"acme\n"}`, basic, "/data/settings/subdomain"},
		{"zendesk", `{"subdomain":"acme","base_url":"https://evil.example"}`, basic, "/data/settings/base_url"},
		{"zendesk", `{"subdomain":"acme","a/b":1}`, basic, "/data/settings/a~1b"},
		{"zendesk", `{"subdomain":"acme"}`, `{"method":"oauth2_refresh_token","token_url":"https://evil.example/"}`, "/data/auth/token_url"},
		{"zendesk", `{"subdomain":"acme"}`, `{"method":"oauth2_refresh_token","authorize_url":"https://evil.example/"}`, "/data/auth/authorize_url"},
		{"zendesk", `{"subdomain":"acme"}`, `{"method":"oauth2_refresh_token","auth_style":"header"}`, "/data/auth/auth_style"},
		{"google_workspace", `{}`, `{"method":"oauth2_refresh_token","revoke_url":"https://evil.example/"}`, "/data/auth/revoke_url"},
		{"google_workspace", `{}`, `{"method":"oauth2_jwt_bearer","audience":"https://evil.example/"}`, "/data/auth/audience"},
		{"gitlab", `{}`, `{"method":"api_key","header":"X-Other"}`, "/data/auth/header"},
		{"oauth2", `{"base_url":"https://a.example"}`, `{"method":"oauth2_client_credentials"}`, "/data/auth/token_url"},
		{"http", `{"base_url":"ftp://a.example"}`, basic, "/data/settings/base_url"},
		{"http", `{"base_url":"https://u:p@a.example"}`, basic, "/data/settings/base_url"},
		{"http", `{"base_url":"https://a.example","max_response_bytes":"many"}`, basic, "/data/settings/max_response_bytes"},
		{"http", `{"base_url":"https://a.example","max_response_bytes":1.5}`, basic, "/data/settings/max_response_bytes"},
		{"http", `{"base_url":"https://a.example","auth_failure_statuses":["403"]}`, basic, "/data/settings/auth_failure_statuses"},
		{"http", `{"base_url":"https://a.example","response_headers":"X-A"}`, basic, "/data/settings/response_headers"},
		{"sharepoint_site", `{"tenant_name":"contoso","site_path":"sites/../_api"}`, `{"method":"oauth2_refresh_token"}`, "/data/settings/site_path"},
	} {
		f := c.Check(connection(tt.typ, tt.settings, tt.auth))
		if f == nil || f.Reason != fault.SettingsInvalid || f.Field != tt.field {
			t.Errorf("%s %s %s: %+v, want %s", tt.typ, tt.settings, tt.auth, f, tt.field)
		}
	}
}

func TestC1_TheTypeCompletesAConnection(t *testing.T) {
	typ, _ := builtin(t).Lookup("salesforce")
	given := connection("salesforce", `{"my_domain":"acme"}`, `{"method":"oauth2_refresh_token","client_id":"app","scopes":["api"],"params":{"a":"b"}}`)
	c, f := typ.Apply(given)
	if f != nil {
		t.Fatal(f)
	}
	if got, want := c.Auth.TokenURL, "https://acme.my.salesforce.com/services/oauth2/token"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !slices.Equal(c.Auth.Scopes, []string{"api"}) || c.Auth.AuthStyle != "params" || c.Auth.ClientID != "app" || c.Auth.Params["a"] != "b" {
		t.Errorf("%+v", c.Auth)
	}
	want := `{"auth_failures":[{"status":403,"body":"^Bad_OAuth_Token"}],"base_url":"https://acme.my.salesforce.com","test_path":"/services/data/v61.0/limits"}`
	if string(c.Settings) != want {
		t.Errorf("%s, want %s", c.Settings, want)
	}
	if given.Auth.TokenURL != "" || string(given.Settings) != `{"my_domain":"acme"}` {
		t.Errorf("the connection itself was changed: %+v", given)
	}
}

func TestC1_SettingsOfHTTPGoToTheConnectorAsTheyAre(t *testing.T) {
	typ, _ := builtin(t).Lookup("http")
	const settings = `{"auth_failure_statuses":[403],"base_url":"https://a.example/x","max_response_bytes":7,"response_headers":["X-A"],"test_path":"/me?a=b"}`
	c, f := typ.Apply(connection("http", settings, `{"method":"basic"}`))
	if f != nil || string(c.Settings) != settings {
		t.Errorf("%s, %v", c.Settings, f)
	}
}

func TestC5_ActionsThatTheTypeDoesNotSupportAreRefused(t *testing.T) {
	own := describe(t, "auth: [{method: none}, {method: basic}]\nactions: [{connector: odata, operations: [list]}, {connector: odata, operations: [delete], methods: [basic]}]\n",
		"auth: [{method: none}]\nactions: [{connector: http}]\n")
	for _, tt := range []struct{ method, connector, operation, field string }{
		{"none", "odata", "list", ""},
		{"basic", "odata", "delete", ""},
		{"none", "odata", "delete", "/data/action/operation"},
		{"basic", "odata", "update", "/data/action/operation"},
		{"basic", "http", "request", "/data/action/connector"},
	} {
		f := own.Permit(credential.Method(tt.method), events.Action{Connector: tt.connector, Operation: tt.operation})
		if tt.field == "" && f != nil || tt.field != "" && (f == nil || f.Reason != fault.OperationForbidden || f.Field != tt.field) {
			t.Errorf("%+v: %+v", tt, f)
		}
	}
}

func TestC2_ASecretSettingInAnEventIsRefused(t *testing.T) {
	typ := describe(t, "settings:\n- {name: pin, title: PIN, type: string, secret: true}\n", "settings: []\n")
	const canary = "canary-4711"
	_, f := typ.Apply(connection("sample", `{"pin":"`+canary+`"}`, `{"method":"none"}`))
	if f == nil || f.Field != "/data/settings/pin" || strings.Contains(f.Error()+f.Hint, canary) {
		t.Fatalf("%+v", f)
	}
	if fields := typ.SecretFields("none"); len(fields) != 1 || fields[0].Name != "pin" {
		t.Errorf("%+v", fields)
	}
}

// describe makes a type of the sample with one line of it replaced.
func describe(t *testing.T, line, instead string) *catalog.Type {
	t.Helper()
	text := strings.Replace(sample, instead, line, 1)
	if text == sample {
		t.Fatalf("the sample has no line %q", instead)
	}
	typ, problems := catalog.Read("sample.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return typ
}

const sample = `name: sample
title: Sample
docs: https://sample.example/docs
target: web_service
base_url: https://api.sample.example
settings: []
auth: [{method: none}]
actions: [{connector: http}]
`

// Whatever a setting holds: the address keeps its scheme and host, and every literal part stays where it is.
func TestC1_NoSettingLeavesItsPlaceInAnAddress(t *testing.T) {
	typ := describe(t, `settings:
- {name: sub, title: S, type: string, required: true, pattern: "(?s).*"}
- {name: one, title: O, type: string, required: true}
- {name: many, title: M, type: string, required: true, pattern: "(?s).*"}
- {name: q, title: Q, type: string, required: true}
base_url: https://{sub}.sample.example/a/{one}/b/{+many}/c
test: /me?q={q}&z=1
`, "base_url: https://api.sample.example\nsettings: []\n")
	nasty := rapid.StringOfN(rapid.SampledFrom([]rune("ab.-_/\\?#@:%{}+ \t\n\x00\x7f2eEfF&=;~é")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		given, _ := json.Marshal(map[string]string{"sub": nasty.Draw(t, "sub"), "one": nasty.Draw(t, "one"), "many": nasty.Draw(t, "many"), "q": nasty.Draw(t, "q")})
		c, f := typ.Apply(events.Connection{Type: "sample", Auth: events.AuthSettings{Method: "none"}, Settings: given})
		if f != nil {
			return
		}
		var d struct {
			Base string `json:"base_url"`
			Test string `json:"test_path"`
		}
		if err := json.Unmarshal(c.Settings, &d); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(d.Base)
		if err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".sample.example") || strings.ContainsAny(u.Host, "@:/") ||
			u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%s: %v", d.Base, err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if segments[1] != "a" || segments[3] != "b" || segments[len(segments)-1] != "c" || slices.Contains(segments, "..") {
			t.Fatalf("%s", d.Base)
		}
		test, err := url.Parse(d.Test)
		if err != nil || test.Path != "/me" || test.Query().Get("z") != "1" || len(test.Query()) != 2 {
			t.Fatalf("%s: %v", d.Test, err)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for name, c := range map[string]events.Connection{
		"http":       connection("http", `{"base_url":"https://a.example","test_path":"/me"}`, `{"method":"basic"}`),
		"salesforce": connection("salesforce", `{"my_domain":"acme"}`, `{"method":"oauth2_refresh_token"}`),
	} {
		typ, _ := builtin(b).Lookup(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, f := typ.Apply(c); f != nil {
					b.Fatal(f)
				}
			}
		})
	}
}
