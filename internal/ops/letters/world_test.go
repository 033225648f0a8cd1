package letters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

const (
	tenant  = "acme"
	patient = 30 * time.Second
)

var ann = letters.By{Actor: "ann", Why: "a test"}

// world is a bus with the logins of deploy/nats, and where asked a worker with all that it needs.
type world struct {
	testing.TB

	nats   *testkit.NATS
	root   *bus.Bus // may do all: publishes as upstream systems do, and looks
	target *devtarget.Target
	base   string
	desk   *letters.Desk // an operator's
	ops    *ops.Session
}

func newWorld(t *testing.T, with ...func(*bus.SetupConfig)) *world {
	t.Helper()
	w := &world{TB: t}
	w.nats, w.root = testkit.StartBusWithLogins(t, "../../../deploy/nats", []string{"worker", "operator"}, with...)
	w.ops, w.desk = w.operator()
	return w
}

// operator is another operator, with exactly an operator's login.
func (w *world) operator() (*ops.Session, *letters.Desk) {
	w.Helper()
	s := ops.NewSession(testkit.ConnectBus(w, w.nats.ClientURL(), testkit.LogIn("operator")))
	d, err := letters.NewDesk(s)
	if err != nil {
		w.Fatal(err)
	}
	return s, d
}

// worker starts a worker with the least rights, a target, and a connection to that, crm.
func (w *world) worker() {
	w.Helper()
	w.target = devtarget.New(devtarget.Options{})
	address, err := w.target.Start("127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.target.Stop(context.Background()) })
	w.base = "http://" + address
	v := testkit.StartVault(w)
	policy, err := os.ReadFile("../../../deploy/vault/worker.hcl")
	if err != nil {
		w.Fatal(err)
	}
	v.Policy(w, "worker", string(policy))
	role, id := v.AppRole(w, "worker", []string{"worker"})
	v.Put(w, "holdfast/"+tenant+"/conn/crm/config", map[string]any{"username": "demo", "password": "demo-password"})
	cfg := config.Default()
	cfg.NATS.URLs = []string{w.nats.ClientURL()}
	cfg.NATS.User, cfg.NATS.Password = "worker", secret.New("worker")
	cfg.Vault.Address = v.Address
	cfg.Vault.Auth.Method, cfg.Vault.Auth.RoleID, cfg.Vault.Auth.SecretID = "approle", role, secret.New(id)
	cfg.Worker.BackoffBase, cfg.Worker.BackoffMax = 20*time.Millisecond, 500*time.Millisecond
	cfg.Worker.DrainTimeout = 5 * time.Second
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"}
	cfg.Listen.Metrics = "127.0.0.1:0"
	w.start(cfg, testkit.Logger(w))
	w.publish(events.ConnectionCreated, w.connection("crm"))
	w.revision("crm", 1)
}

func (w *world) start(cfg config.Config, log zerolog.Logger) {
	w.Helper()
	a := app.New(cfg, log)
	if err := a.Start(w.Context()); err != nil {
		w.Fatalf("start the worker: %v", err)
	}
	w.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			w.Errorf("stop the worker: %v", err)
		}
	})
}

func (w *world) connection(id string) events.Connection {
	return events.Connection{ID: id, Name: id, Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{"ann"}, Actor: events.ActorSystem, Auth: events.AuthSettings{Method: "basic"},
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, w.base+"/basic"))}
}

// revision waits until a connection is at a revision, or a later one.
func (w *world) revision(id string, atLeast uint64) {
	w.Helper()
	registry := w.ops.Registry()
	testkit.Eventually(w, patient, "connection "+id, func() bool {
		e, _, err := registry.Fresh(w.Context(), tenant, id)
		return err == nil && e != nil && e.Sequence >= atLeast
	})
}

func (w *world) publish(t events.Type, payload any) uint64 {
	w.Helper()
	return testkit.Publish(w, w.root, tenant, t, payload)
}

// send publishes bytes as an upstream system does.
func (w *world) send(t events.Type, raw []byte) uint64 {
	w.Helper()
	sequence, err := w.root.PublishEvent(w.Context(), events.SubjectOf(tenant, t), uuid.NewString(), raw)
	if err != nil {
		w.Fatal(err)
	}
	return sequence
}

// request is an action request in JSON, with some text in it replaced.
func (w *world) request(id string, body string) []byte {
	w.Helper()
	r := events.Request{ID: id, Workflow: "wf", Run: "run-" + id, Step: "s", StepKind: events.ActionStep, Connection: "crm", ActingUser: "ann",
		Action: events.Action{Connector: "http", Operation: "request", Input: json.RawMessage(`{"method":"POST","path":"/items","body":` + body + `}`)}}
	return w.encoded(events.ActionRequested, r)
}

// encoded is an event as an upstream system sends it.
func (w *world) encoded(t events.Type, payload any) []byte {
	w.Helper()
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		w.Fatal(err)
	}
	e.Source = "test/upstream"
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

// from says that a dead letter's message was at a sequence.
func from(sequence uint64) func(*events.DeadLetterData) {
	return func(l *events.DeadLetterData) { l.Origin.Sequence = sequence }
}

// letter stores a dead letter as a worker does: the message is on its stream, and no worker was asked.
func (w *world) letter(t events.Type, raw []byte, with ...func(*events.DeadLetterData)) uint64 {
	w.Helper()
	l := events.DeadLetterData{Tenant: tenant, Reason: string(fault.Poison), Detail: "took workers down", Type: string(t),
		Subject: events.SubjectOf(tenant, t), Origin: events.Origin{Stream: events.StreamOf(t), Sequence: 1},
		Consumer: "x", Deliveries: 13, Tries: 1, FirstStored: time.Now().UTC(), Original: raw, OriginalBytes: len(raw)}
	for _, change := range with {
		change(&l)
	}
	e, err := events.New(events.DeadLetter, time.Now(), l)
	if err != nil {
		w.Fatal(err)
	}
	encoded, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	sequence, err := w.root.PublishEvent(w.Context(), events.DeadLetterSubject(l.Tenant, fault.Reason(l.Reason)), e.ID, encoded)
	if err != nil {
		w.Fatal(err)
	}
	return sequence
}

// letterOf waits for the dead letter of a message.
func (w *world) letterOf(stream string, sequence uint64) letters.View {
	w.Helper()
	var found letters.View
	testkit.Eventually(w, patient, fmt.Sprintf("a dead letter of %s %d", stream, sequence), func() bool {
		return slices.ContainsFunc(w.list(letters.States()...), func(v letters.View) bool {
			found = v
			return v.Origin == events.Origin{Stream: stream, Sequence: sequence}
		})
	})
	return found
}

// list is the letters in states; of none: those that something is to be done about.
func (w *world) list(states ...letters.State) (all []letters.View) {
	w.Helper()
	s := letters.NewSelection()
	s.States = states
	return w.selected(s)
}

func (w *world) selected(s letters.Selection) (all []letters.View) {
	w.Helper()
	for v, err := range letters.List(w.Context(), w.ops.Records(), s, w.ops.Clock().Now()) {
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// judged is what would come of retrying a letter.
func (w *world) judged(letter uint64) letters.Result {
	w.Helper()
	return w.retry(w.desk, letter, true)
}

func (w *world) retry(d *letters.Desk, letter uint64, dry bool) (result letters.Result) {
	w.Helper()
	err := d.Retry(w.Context(), []uint64{letter}, ann, dry, 1000, func(r letters.Result) error { result = r; return nil })
	if err != nil {
		w.Fatal(err)
	}
	return result
}

// known waits until a fact is that of a change.
func (w *world) known(kind events.FactKind, id string, sequence uint64) {
	w.Helper()
	facts, err := w.ops.FactStore(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	testkit.Eventually(w, patient, string(kind)+" "+id, func() bool {
		f, _, err := facts.Fresh(w.Context(), tenant, kind, id)
		return err == nil && f.Sequence == sequence
	})
}

// answered retries a letter, and waits for a worker's answer.
func (w *world) answered(r letters.Result) (answer letters.Result) {
	w.Helper()
	if !r.Done {
		w.Fatalf("not retried: %+v", r)
	}
	err := w.desk.Follow(w.Context(), []letters.Result{r}, time.Now().Add(-time.Minute), patient, func(a letters.Result) error { answer = a; return nil })
	if err != nil {
		w.Fatal(err)
	}
	return answer
}

// stored is what a stream holds on a subject of the tenant's.
func (w *world) stored(t events.Type) (all []bus.Stored) {
	w.Helper()
	for r, err := range w.root.Records(w.Context(), bus.Search{Stream: events.StreamOf(t), Filter: events.SubjectOf(tenant, t)}) {
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func sequences(all []letters.View) (n []uint64) {
	for _, v := range all {
		n = append(n, v.Sequence)
	}
	return n
}

// ended waits until a request has ended.
func (w *world) ended(request string) {
	w.Helper()
	testkit.Eventually(w, patient, "the end of "+request, func() bool {
		last, err := w.root.Journal().Last(w.Context(), events.LedgerSubject(tenant, request))
		return err == nil && last.Type.Ends()
	})
}
