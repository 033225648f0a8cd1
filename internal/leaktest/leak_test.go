package leaktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

// TestC2_NothingThatLeavesHoldsASecret runs every way to authenticate through success and failure, with a
// target and a provider that repeat what they are sent, and then looks for the secrets everywhere.
func TestC2_NothingThatLeavesHoldsASecret(t *testing.T) {
	w, e := newWorld(t), evidence{}
	w.start()
	w.directory()
	w.staticCredentials()
	w.clientCredentials()
	w.refreshTokens()
	w.jwtBearer()
	w.severalClientSecrets()
	w.keptAlive()
	w.revoked()
	w.people(e)
	w.signIns(e)
	w.odata()
	w.permitted()
	w.secretsWhereNoneBelong()
	w.secretsInEveryMember()
	w.brokenTargets()
	w.brokenVault()
	w.deadLetters(e)
	w.whatWasSent()

	e.page(t, "metrics", w.metrics+"/metrics")
	e.page(t, "health", w.metrics+"/readyz")
	e.process(t, w.worker.PID())
	w.commands(e)
	w.operators(e)
	messages := 0
	for name, n := range e.streams(t, w.js) {
		if messages += n; n == 0 && !mayBeEmpty[name] {
			t.Errorf("there is nothing in %s: what it would leak is not seen", name)
		}
	}
	if !w.worker.Stop(30 * time.Second) { // spans and the last lines of the log are written out
		t.Error("the worker did not stop cleanly")
	}
	e.file(t, "log", w.worker.Stderr)
	e.file(t, "stdout", w.worker.Stdout)
	exports := e.traces(w.traces)
	w.wholeTraces(e)
	w.crashes(e)
	if !strings.Contains(string(e["crash dump"]), "goroutine 1 ") {
		t.Error("there is no dump")
	}
	w.nats.Shutdown()
	e.files(t, "bus files", w.store)

	size := 0
	for _, data := range e {
		size += len(data)
	}
	t.Logf("%d secrets in %d forms, %d messages, %d exports of spans, %d places, %d KiB",
		len(w.secrets.named), len(w.secrets.needles()), messages, exports, len(e), size>>10)
	if messages < 50 || exports == 0 || !strings.Contains(string(e["log"]), `"level":"warn"`) {
		t.Error("too little was collected to prove anything")
	}
	for _, f := range search(w.secrets, e) {
		t.Errorf("%s is in %s (%s)", f.secret, f.place, f.form)
	}
}

// mayBeEmpty are streams and buckets that only crashes, operators and the server itself write to. Any other that
// the server has, also one that is new, has to hold something.
var mayBeEmpty = map[string]bool{
	events.StreamAdvisories: true, "KV_" + events.BucketSuspects: true, "KV_" + events.BucketRuns: true,
}

// staticCredentials are passwords, keys and tokens that go to the target as they are.
func (w *world) staticCredentials() {
	w.Helper()
	for id, c := range map[string]struct {
		auth   events.AuthSettings
		fields map[string]any
	}{
		"basic":  {events.AuthSettings{Method: "basic"}, map[string]any{"username": "demo", "password": `canary-p/ssw+rd "1"&é`}},
		"key":    {events.AuthSettings{Method: "api_key"}, map[string]any{"api_key": "canary/key+2222"}},
		"bearer": {events.AuthSettings{Method: "bearer"}, map[string]any{"token": w.secrets.add("bearer token", "canary-bearer.token~4444==")}},
	} {
		w.connect(id, c.auth, c.fields)
		w.ask(id+"-1", id, "/echo")
		w.masked(w.ends(id+"-1", events.ActionCompleted))
		w.suspended(w.ask(id+"-2", id, "/echo-401"), "bad_credentials")
		w.publish(events.SuspensionTerminateRequested, events.SuspensionCommand{Request: id + "-2", Actor: "op"})
		w.ends(id+"-2", events.ActionTerminated)
		w.put(id, c.fields) // not before: a repair would race the operator
	}
}

func (w *world) clientCredentials() {
	w.Helper()
	first := w.secrets.add("client secret", "canary-client/secret+5555")
	w.idp.Client(w, "erp", testkit.IDPClient{Secret: first})
	w.connect("erp", w.oauth("oauth2_client_credentials", "erp"), map[string]any{"client_secret": first})
	w.ask("erp-1", "erp", "/echo")
	w.masked(w.ends("erp-1", events.ActionCompleted))
	for i, status := range []int{400, 401, 403, 404, 500, 200} {
		id := fmt.Sprintf("erp%d", status)
		w.idp.Client(w, id, testkit.IDPClient{Secret: first})
		w.idp.Faults(w, map[string]testkit.IDPFault{"token": {Mode: "echo", Status: status}})
		w.connect(id, w.oauth("oauth2_client_credentials", id, i), map[string]any{"client_secret": first})
		r := w.ask(id+"-1", id, "/echo")
		if status != 500 {
			w.suspended(r, "invalid_request")
		} else {
			w.retriedOnce(r.ID)
		}
		w.idp.NoFaults(w)
		w.put(id, map[string]any{"client_secret": first})
		w.masked(w.ends(r.ID, events.ActionCompleted))
	}
}

// retriedOnce waits until the log says that a request was put off.
func (w *world) retriedOnce(id string) {
	w.Helper()
	testkit.Eventually(w, patient, id+" to be retried", func() bool {
		raw, err := os.ReadFile(w.worker.Stderr)
		return err == nil && strings.Contains(string(raw), `"request_id":"`+id+`"`)
	})
}

// oauth is a connection with the provider; every other one sends its secret in the body.
func (w *world) oauth(method, client string, i ...int) events.AuthSettings {
	a := events.AuthSettings{Method: method, TokenURL: w.idp.TokenURL(), ClientID: client, Scopes: []string{"api"}}
	if len(i) > 0 && i[0]%2 == 1 {
		a.AuthStyle = "params"
	}
	return a
}

func (w *world) refreshTokens() {
	w.Helper()
	secret := w.secrets.add("refreshing client's secret", "canary-client/secret+6666")
	w.idp.User(w, "ann", "pw")
	w.idp.Client(w, "mail", testkit.IDPClient{Secret: secret, AccessTokenTTL: "2s"})
	granted := func() map[string]any {
		g := w.idp.Grant(w, "mail", "ann")
		w.secrets.add("granted access token", g.AccessToken)
		return map[string]any{"client_secret": secret, "refresh_token": w.secrets.add("granted refresh token", g.RefreshToken)}
	}
	w.connect("mail", w.oauth("oauth2_refresh_token", "mail"), granted())
	w.ask("mail-1", "mail", "/echo")
	w.masked(w.ends("mail-1", events.ActionCompleted))
	w.whatIsStored("mail")
	w.idp.Faults(w, map[string]testkit.IDPFault{"token": {Mode: "echo"}})
	testkit.Eventually(w, patient, "the access token to end", func() bool {
		id := fmt.Sprintf("mail-2-%d", w.bus.Clock().Now().UnixNano())
		r := w.ask(id, "mail", "/echo")
		c := events.Chain{Tenant: tenant, Connection: "mail", Run: r.Run, Request: id}
		suspended := false
		w.last(events.LedgerSubject(tenant, id), id, func(events.Record) bool {
			chain, err := w.bus.Journal().Last(w.Context(), c.Subject())
			suspended = err == nil && chain.Type.Waits()
			ledger, err := w.bus.Journal().Last(w.Context(), events.LedgerSubject(tenant, id))
			return suspended || err == nil && ledger.Type.Ends()
		})
		return suspended
	})
	w.idp.NoFaults(w)
	w.put("mail", granted())
	w.ask("mail-3", "mail", "/echo")
	w.masked(w.ends("mail-3", events.ActionCompleted))
	w.whatIsStored("mail")
	w.idp.Revoke(w, "mail", "ann")
	w.ask("mail-4", "mail", "/echo-401")
	testkit.Eventually(w, patient, "mail-4 to be suspended", func() bool {
		c := events.Chain{Tenant: tenant, Connection: "mail", Run: "run-mail-4", Request: "mail-4"}
		last, err := w.bus.Journal().Last(w.Context(), c.Subject())
		return err == nil && last.Type.Waits()
	})
}

func (w *world) jwtBearer() {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		w.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	w.secrets.key("private key", text)
	w.idp.Client(w, "robot", testkit.IDPClient{JWTKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))})
	auth := w.oauth("oauth2_jwt_bearer", "")
	auth.Issuer, auth.Subject, auth.Algorithm = "robot", "ann", "ES256"
	w.connect("robot", auth, map[string]any{"private_key": text})
	w.ask("robot-1", "robot", "/echo")
	w.masked(w.ends("robot-1", events.ActionCompleted))
	w.connect("robot2", auth, map[string]any{"private_key": strings.Replace(text, "M", "*", 1)}) // a key that can not be read
	w.suspended(w.ask("robot-2", "robot2", "/echo"), "secret_malformed")
}

// secretsWhereNoneBelong are events that carry what looks like a secret: refused, and deleted for good.
func (w *world) secretsWhereNoneBelong() {
	w.Helper()
	in := w.secrets.add("token in an event", "canaryeventtoken7777abcdefgh")
	w.ask("leaky-1", "basic", "/echo", func(r *events.Request) {
		r.Action.Input = json.RawMessage(`{"method":"GET","path":"/echo","headers":{"Authorization":"Bearer ` + in + `"}}`)
	})
	w.publish(events.ConnectionCreated, events.Connection{
		ID: "leaky", Name: "leaky", Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{"ann"}, Actor: events.ActorSystem, Auth: events.AuthSettings{Method: "basic"},
		Settings: json.RawMessage(`{"base_url":"http://example.com","password":"` + in + `"}`),
	})
	testkit.Eventually(w, patient, "two dead letters", func() bool {
		s, err := w.js.Stream(w.Context(), events.StreamDeadLetters)
		return err == nil && s.CachedInfo().State.Msgs >= 2
	})
}

// brokenTargets are failures on the way to the target.
func (w *world) brokenTargets() {
	w.Helper()
	w.connect("basic3", events.AuthSettings{Method: "basic"}, map[string]any{"username": "demo", "password": `canary-p/ssw+rd "1"&é`})
	w.ask("basic3-1", "basic3", "/status/403")
	w.ends("basic3-1", events.ActionFailed)
	w.target.SetFault(&devtarget.Fault{Reset: true, AfterEffect: true})
	w.ask("basic3-2", "basic3", "/basic/items", func(r *events.Request) { r.Delivery = events.AtMostOnce })
	w.ends("basic3-2", events.ActionUnknown)
	w.target.SetFault(nil)
}

// brokenVault is a Vault that refuses: its answers carry paths and tokens' accessors.
func (w *world) brokenVault() {
	w.Helper()
	w.vault.Policy(w, "worker", `path "nothing" {}`)
	w.connect("basic4", events.AuthSettings{Method: "basic"}, map[string]any{"username": "demo", "password": `canary-p/ssw+rd "1"&é`})
	w.ask("basic4-1", "basic4", "/echo")
	w.retriedOnce("basic4-1")
	w.workerPolicy()
	w.masked(w.ends("basic4-1", events.ActionCompleted))
}

// crashes is a worker that has just used credentials, and ends with a dump of all it was doing.
func (w *world) crashes(e evidence) {
	w.Helper()
	w.start()
	w.echoes("file", "signed")
	if err := syscall.Kill(w.worker.PID(), syscall.SIGQUIT); err != nil {
		w.Fatal(err)
	}
	testkit.Eventually(w, patient, "the dump", func() bool {
		raw, err := os.ReadFile(w.worker.Stderr)
		return err == nil && strings.Contains(string(raw), "SIGQUIT")
	})
	w.worker.Stop(patient) // waits until it is written
	e.file(w, "crash dump", w.worker.Stderr)
}

// commands is what operators type.
func (w *world) commands(e evidence) {
	w.Helper()
	file := filepath.Join(w.TempDir(), "events.jsonl")
	w.write(file, `{"specversion":"1.0","type":"nonsense","data":{"password":"canaryeventtoken7777abcdefgh"}}`+"\n")
	for _, args := range [][]string{
		{"connections", "list", "--tenant", tenant}, {"connections", "list", "--tenant", tenant, "--json"},
		{"connections", "show", "mail", "--tenant", tenant, "--json"}, {"connections", "show", "erp", "--tenant", tenant},
		{"suspensions", "list", "--tenant", tenant}, {"suspensions", "list", "--tenant", tenant, "--json"},
		{"suspensions", "show", "mail-4", "--tenant", tenant, "--json"},
		{"suspensions", "resume", "mail-4", "--tenant", tenant, "--yes"},
		{"config", "show"}, {"config", "check"}, {"publish", file}, {"version"}, {"setup"},
		{"worker", "--vault-address", "http://127.0.0.1:1", "--nats-start-timeout", "1s", "--listen-metrics", ""},
	} {
		e.command(w, w.env, "", w.binary, args...)
	}
}
