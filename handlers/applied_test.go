package handlers

import (
	"encoding/json"
	"testing"

	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func withTypes(t testing.TB) *Handlers {
	t.Helper()
	types, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return New(Ports{Types: types}, Options{})
}

func zendesk(subdomain string) *connection.Entry {
	return &connection.Entry{Generation: 1, Connection: events.Connection{
		Tenant: "acme", ID: "desk", Type: "zendesk", Auth: events.AuthSettings{Method: "oauth2_refresh_token"},
		Settings: json.RawMessage(`{"subdomain":"` + subdomain + `"}`),
	}}
}

// C4: what is kept of a connection is never used for what it has become.
func TestC4_AChangedConnectionIsAppliedAnew(t *testing.T) {
	h := withTypes(t)
	for _, subdomain := range []string{"one", "two", "one"} {
		e := zendesk(subdomain)
		for range 2 {
			to, f := h.applied(e)
			if want := "https://" + subdomain + ".zendesk.com/oauth/tokens"; f != nil || to.Auth.TokenURL != want || to.Generation != 1 {
				t.Fatalf("%+v, %v, want %s", to, f, want)
			}
		}
		if e.Auth.TokenURL != "" {
			t.Error("the registry's own entry was changed")
		}
	}
	other := zendesk("three")
	other.Tenant = "evil"
	if to, f := h.applied(other); f != nil || to.Auth.TokenURL != "https://three.zendesk.com/oauth/tokens" || to.Tenant != "evil" {
		t.Errorf("another tenant's: %+v, %v", to, f)
	}
}

func TestC5_ATypeThatIsGoneIsAMatterOfSettings(t *testing.T) {
	h, e := withTypes(t), zendesk("one")
	e.Type = "gone"
	if _, f := h.applied(e); f == nil || f.Reason != fault.SettingsInvalid || f.Field != "/data/type" {
		t.Errorf("%+v", f)
	}
	if f := h.supports(e, events.Request{Action: events.Action{Connector: "http"}}); f != nil {
		t.Errorf("the request is refused for good: %+v", f)
	}
}

func BenchmarkApplied(b *testing.B) {
	h, e := withTypes(b), zendesk("one")
	b.ReportAllocs()
	for b.Loop() {
		if _, f := h.applied(e); f != nil {
			b.Fatal(f)
		}
	}
}
