package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// deskType is a type of the operator's own: the provider and the address are the type's, the connection says which
// part of the target it means.
const deskType = `name: desk
title: Desk
docs: https://desk.example/docs
target: web_service
base_url: http://{host}/{area}
settings:
- {name: host, title: Host, type: string, required: true, pattern: "127[.0-9]+:[0-9]+"}
- {name: area, title: Area, type: string, default: bearer, pattern: "[a-z]+"}
auth:
- {method: oauth2_client_credentials, token_url: %q, scopes: [api], auth_style: header}
- {method: basic}
headers: {X-Desk-Version: "7"}
test: /me
bad_credentials: [{status: 403}]
actions: [{connector: http}]
`

func withType(t *testing.T, text string) func(*config.Config) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "desk.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) { c.Connections.TypesDir = dir }
}

func TestC1_C3_C5_ATypeOfOnesOwnIsCheckedAndUsed(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	withType(t, fmt.Sprintf(deskType, p.TokenURL()))(&w.cfg)
	w.worker()
	host := strings.TrimPrefix(p.base, "http://")
	desk := func(settings string, auth events.AuthSettings) func(*events.Connection) {
		return func(c *events.Connection) {
			c.Type, c.Auth, c.Settings = "desk", auth, json.RawMessage(settings)
		}
	}
	oauth := events.AuthSettings{Method: "oauth2_client_credentials", ClientID: "crm"}
	elsewhere := oauth
	elsewhere.TokenURL = "https://evil.example/token"
	for n, tt := range []struct {
		settings string
		auth     events.AuthSettings
		field    string
	}{
		{`{}`, oauth, "/data/settings/host"},
		{`{"host":"evil.example"}`, oauth, "/data/settings/host"},
		{`{"host":"` + host + `","colour":"red"}`, oauth, "/data/settings/colour"},
		{`{"host":"` + host + `"}`, events.AuthSettings{Method: "bearer"}, "/data/auth/method"},
		{`{"host":"` + host + `"}`, elsewhere, "/data/auth/token_url"},
	} {
		w.sendConnection(desk(tt.settings, tt.auth))
		var last events.ConnectionNotice
		testkit.Eventually(t, patient, "connection.rejected at "+tt.field, func() bool {
			all := w.notices(events.ConnectionRejected)
			if len(all) != n+1 {
				return false
			}
			last, _ = events.Payload[events.ConnectionNotice](all[n].Event)
			return true
		})
		if last.Field != tt.field || last.Reason != string(fault.SettingsInvalid) {
			t.Errorf("%s: rejected at %q (%s: %s), want %s", tt.settings, last.Field, last.Reason, last.Detail, tt.field)
		}
	}
	p.Client(w, "crm", testkit.IDPClient{Secret: clientSecret})
	w.connectWith("crm", map[string]any{"client_secret": clientSecret}, desk(`{"host":"`+host+`"}`, oauth))
	w.ends(w.request("crm"), events.ActionCompleted)
	e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
	if err != nil || e.Auth.TokenURL != "" || string(e.Settings) != `{"host":"`+host+`"}` {
		t.Errorf("what the type says was stored with the connection: %+v, %v", e, err)
	}
	w.ends(w.request("crm", func(r *events.Request) { r.Action.Connector = "noop" }), events.ActionDenied)
}

func TestC1_AWorkerDoesNotStartWithATypeThatIsWrong(t *testing.T) {
	w := newWorld(t, withType(t, strings.Replace(fmt.Sprintf(deskType, "https://desk.example/token"), "connector: http", "connector: ftp", 1)))
	a := app.New(w.cfg, testkit.Logger(t))
	err := a.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "desk.yaml: actions[0].connector: there is no connector") {
		t.Fatalf("%v", err)
	}
}

func TestC1_BuiltInTypesUseConnectorsThatAreThere(t *testing.T) {
	types, err := app.LoadTypes(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	if err := app.CheckTypes(types.All()); err != nil {
		t.Error(err)
	}
}
