package leaktest

import (
	"os"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// severalClientSecrets has a first secret that is dead, of which the provider says so in the secret's own words,
// and another that ends soon, which is announced.
func (w *world) severalClientSecrets() {
	w.Helper()
	dead := w.secrets.add("dead client secret", "canary-client/secret+dead1")
	good := w.secrets.add("good client secret", "canary-client/secret+good2")
	w.idp.Client(w, "several", testkit.IDPClient{Secret: good})
	once := 1
	w.idp.Faults(w, map[string]testkit.IDPFault{"token": {
		Mode: "error", Status: 401, Error: "invalid_client", Description: "not " + dead, Count: &once, ClientID: "several",
	}})
	ends := w.bus.Clock().Now().Add(20 * time.Hour).UTC().Format(time.RFC3339)
	w.connect("several", w.oauth("oauth2_client_credentials", "several"), map[string]any{"client_secrets": []any{
		map[string]any{"value": dead, "expires_at": ends}, map[string]any{"value": good, "expires_at": ends},
	}})
	w.ask("several-1", "several", "/echo")
	w.masked(w.ends("several-1", events.ActionCompleted))
	w.noticed(events.ConnectionExpiring, "several")
	w.idp.NoFaults(w)

	w.put("several", map[string]any{"client_secrets": []any{dead, map[string]any{"val": good}}}) // malformed
	w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "several", Actor: events.ActorSystem})
	w.suspended(w.ask("several-2", "several", "/echo"), "secret_malformed")
}

// noticed waits for a notice about a connection.
func (w *world) noticed(t events.Type, id string) {
	w.Helper()
	s, err := w.js.Stream(w.Context(), events.StreamNotices)
	if err != nil {
		w.Fatal(err)
	}
	testkit.Eventually(w, patient, string(t)+" of "+id, func() bool {
		info, err := s.Info(w.Context())
		if err != nil {
			return false
		}
		for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
			m, err := s.GetMsg(w.Context(), seq)
			if err == nil && m.Subject == events.NoticeSubject(tenant, t) && strings.Contains(string(m.Data), `"connection_id":"`+id+`"`) {
				return true
			}
		}
		return false
	})
}

// granted is a secret with a refresh token of ann's for a client, which is made.
func (w *world) granted(client string) map[string]any {
	w.Helper()
	secret := w.secrets.add("client secret of "+client, "canary-client/secret+"+client)
	w.idp.Client(w, client, testkit.IDPClient{Secret: secret})
	g := w.idp.Grant(w, client, "ann")
	w.secrets.add("granted access token", g.AccessToken)
	return map[string]any{"client_secret": secret, "refresh_token": w.secrets.add("granted refresh token", g.RefreshToken)}
}

// keptAlive is a connection that workers refresh of their own accord, until the provider answers with what it was
// sent.
func (w *world) keptAlive() {
	w.Helper()
	front := testkit.StartProxy(w, w.idp.Address)
	front.AddMember("refresh_token_expires_in", 6)
	auth := w.oauth("oauth2_refresh_token", "kept")
	auth.TokenURL = front.Address + "/token"
	w.connect("kept", auth, w.granted("kept"))
	w.ask("kept-1", "kept", "/echo")
	w.masked(w.ends("kept-1", events.ActionCompleted))
	testkit.Eventually(w, patient, "a refresh that nobody asked for", func() bool { return w.idp.Calls(w).Clients["kept"] >= 2 })
	w.idp.Faults(w, map[string]testkit.IDPFault{"token": {Mode: "echo", ClientID: "kept"}})
	w.noticed(events.ConnectionBroken, "kept")
	w.whatIsStored("kept")
	w.idp.NoFaults(w)
}

// revoked deletes a connection whose provider answers the revocation with an error page that repeats the token.
func (w *world) revoked() {
	w.Helper()
	auth := w.oauth("oauth2_refresh_token", "gone")
	auth.RevokeURL = w.idp.Address + "/revoke"
	w.connect("gone", auth, w.granted("gone"))
	w.ask("gone-1", "gone", "/echo")
	w.masked(w.ends("gone-1", events.ActionCompleted))
	w.whatIsStored("gone")
	w.idp.Faults(w, map[string]testkit.IDPFault{"revoke": {Mode: "echo", Status: 503}})
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "gone", Actor: events.ActorSystem})
	testkit.Eventually(w, patient, "a second try to revoke", func() bool { return w.idp.Calls(w).Endpoints["revoke"] >= 2 })
	w.idp.Faults(w, map[string]testkit.IDPFault{"revoke": {Mode: "echo", Status: 403}})
	testkit.Eventually(w, patient, "the refusal to be logged", func() bool {
		raw, err := os.ReadFile(w.worker.Stderr)
		return err == nil && strings.Contains(string(raw), "not_revoked_")
	})
	w.idp.NoFaults(w)
}
