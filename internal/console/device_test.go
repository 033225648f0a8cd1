package console_test

import (
	"testing"

	"holdfast/events"
	"holdfast/internal/console"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
)

// TestW3_AMachineWithoutABrowser gets a code that a person types elsewhere.
func TestW3_AMachineWithoutABrowser(t *testing.T) {
	w := newWorld(t)
	signIn := func(user, accept string) (console.Ended, error) {
		return w.console.Device(t.Context(), tenant, "crm", "ann", accept, func(d oauth.Device) {
			w.idp.AllowDevice(t, d.UserCode, user, password)
		})
	}
	if got, err := signIn("svc-crm", ""); err != nil || got.Outcome != console.Connected || got.Account != "svc-crm" {
		t.Fatalf("%+v, %v", got, err)
	}
	w.becomesActiveAs("crm", "svc-crm")
	w.runs("crm")
	before, _ := w.secret("crm")
	if got, err := signIn("svc-other", ""); err != nil || got.Outcome != console.OtherAccount || got.Previous != "svc-crm" {
		t.Fatalf("%+v, %v", got, err)
	}
	if now, _ := w.secret("crm"); now != before {
		t.Fatal("another account was stored unasked")
	}
	if got, err := signIn("svc-other", "svc-other"); err != nil || got.Outcome != console.Connected {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := signIn("", ""); fault.From(err).Reason != fault.AccessDenied {
		t.Errorf("refused: %v", err)
	}
}

// TestC6_DevicesKeepTheRules: whoever may not write credentials gets no code.
func TestC6_DevicesKeepTheRules(t *testing.T) {
	w := newWorld(t)
	w.connection("basic", func(c *events.Connection) { c.Name, c.Auth = "Basic", events.AuthSettings{Method: "basic"} })
	w.connection("bare", func(c *events.Connection) { c.Name, c.Auth.DeviceURL = "Bare", "" })
	for _, c := range []struct {
		connection, actor string
		want              fault.Reason
	}{
		{"crm", "bob", fault.NotPermitted}, {"none", "ann", fault.ConnectionMissing},
		{"basic", "ann", fault.SettingsInvalid}, {"bare", "ann", fault.SettingsInvalid},
	} {
		_, err := w.console.Device(t.Context(), tenant, c.connection, c.actor, "", func(oauth.Device) { t.Error("a code was asked for") })
		if f := fault.From(err); f == nil || f.Reason != c.want {
			t.Errorf("%s by %s: %v", c.connection, c.actor, err)
		}
	}
}
