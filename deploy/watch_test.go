//go:build compose

package deploy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// heard is what the tenant's upstream system hears, with no rights but its own.
type heard struct {
	stack *stack
	nc    *nats.Conn

	mu  sync.Mutex
	all []message
}

type message struct {
	subject string
	kind    events.Type
	reason  string
}

func (s *stack) connect(t *testing.T, user string, refused func(error)) (*nats.Conn, error) {
	t.Helper()
	prefix := "_INBOX_" + user
	if user == "worker" {
		prefix = "_INBOX_holdfast"
	}
	return nats.Connect("nats://127.0.0.1:"+s.env["NATS_PORT"], nats.CustomInboxPrefix(prefix),
		nats.UserInfo(user, s.env["NATS_"+strings.ToUpper(user)+"_PASSWORD"]),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused(err) }))
}

func (s *stack) watch(t *testing.T) *heard {
	t.Helper()
	nc, err := s.connect(t, tenant, func(err error) { t.Errorf("upstream: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	h := &heard{stack: s, nc: nc}
	for _, subject := range []string{"hf.acme.outcome.*", "hf.acme.suspension.*.*.*", "hf.acme.notice.*", "hf.acme.deadletter.*", "hf.acme.deadletter.act.*"} {
		if _, err := nc.Subscribe(subject, h.hear); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return h
}

// publish publishes an event as the upstream system does, and waits until it is stored.
func (h *heard) publish(t *testing.T, kind events.Type, event string) {
	t.Helper()
	answer, err := h.nc.Request(events.SubjectOf(tenant, kind), []byte(event), 10*time.Second)
	if err != nil || !strings.Contains(string(answer.Data), events.StreamActions) {
		t.Fatalf("not stored: %v %v", answer, err)
	}
}

func (h *heard) hear(m *nats.Msg) {
	var e struct {
		Type events.Type `json:"type"`
		Data struct {
			Reason string `json:"reason"`
		} `json:"data"`
	}
	_ = json.Unmarshal(m.Data, &e) // what can not be read stays without a type
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, message{m.Subject, e.Type, e.Data.Reason})
}

// await waits for a message.
func (h *heard) await(t *testing.T, within time.Duration, what string, is func(message) bool) {
	t.Helper()
	began := time.Now()
	defer func() {
		if t.Failed() {
			h.mu.Lock()
			defer h.mu.Unlock()
			t.Logf("heard: %v", h.all)
		}
	}()
	eventually(t, within, what, func() bool { return h.count(is) > 0 })
	t.Logf("%s after %s", what, time.Since(began).Round(10*time.Millisecond))
}

func (h *heard) count(is func(message) bool) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, m := range h.all {
		if is(m) {
			n++
		}
	}
	return n
}

func completed(request string) func(message) bool {
	return func(m message) bool {
		return m.subject == events.LedgerSubject(tenant, request) && m.kind == events.ActionCompleted
	}
}

func chained(request string, kind events.Type) func(message) bool {
	return func(m message) bool { return strings.HasSuffix(m.subject, "."+request) && m.kind == kind }
}

// endedOnce looks at the ledger itself, as an operator may: each of n requests has its end as its last record, and
// nobody heard of another end.
func (h *heard) endedOnce(t *testing.T, n int) {
	nc, err := h.stack.connect(t, "operator", func(err error) { t.Errorf("operator: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := js.Stream(t.Context(), events.StreamOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	info, err := ledger.Info(t.Context(), jetstream.WithSubjectFilter(events.LedgerSubject(tenant, "*")))
	if err != nil {
		t.Fatal(err)
	}
	subjects := info.State.Subjects
	if len(subjects) != n {
		t.Errorf("%d requests on the ledger, want %d: %v", len(subjects), n, subjects)
	}
	for subject, records := range subjects {
		m, err := ledger.GetLastMsgForSubject(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		ends := h.count(func(m message) bool { return m.subject == subject && m.kind != events.ActionSuspended })
		if ends != 1 || !strings.Contains(string(m.Data), string(events.ActionCompleted)) {
			t.Errorf("%s has %d ends in %d records, and ends as %s", subject, ends, records, m.Data)
		}
	}
}

// leastPrivilege tries what each role must not do.
func (s *stack) leastPrivilege(t *testing.T) {
	for _, c := range []struct{ user, subject string }{
		{"acme", "hf.acme.outcome.forged"},
		{"acme", "hf.acme.suspension.crm.run.req"},
		{"acme", "hf.other.action.requested"},
		{"acme", "$JS.API.STREAM.INFO.HF_ACTIONS"},
		{"acme", "$JS.API.CONSUMER.CREATE.HF_OUTCOMES"},
		{"worker", "$JS.API.STREAM.CREATE.MINE"},
		{"worker", "$JS.API.STREAM.DELETE.HF_ACTIONS"},
		{"worker", "$JS.API.STREAM.PURGE.HF_OUTCOMES"},
		{"worker", "hf.acme.action.requested"},
		{"worker", "$SYS.REQ.SERVER.PING"},
		{"publisher", "hf.acme.outcome.forged"},
		{"publisher", "hf.other.action.requested"},
		{"publisher", "$JS.API.STREAM.MSG.GET.HF_ACTIONS"},
		{"operator", "hf.acme.outcome.forged"},
		{"operator", "$JS.API.STREAM.PURGE.HF_ACTIONS"},
		{"operator", "$JS.API.STREAM.DELETE.HF_SUSPENSIONS"},
		{"admin", "hf.acme.action.requested"},
		{"admin", "$JS.API.STREAM.MSG.GET.HF_OUTCOMES"},
	} {
		t.Run(c.user+" "+c.subject, func(t *testing.T) {
			refused := make(chan error, 1)
			nc, err := s.connect(t, c.user, func(err error) {
				select {
				case refused <- err:
				default:
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if err := errors.Join(nc.Publish(c.subject, nil), nc.Flush()); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-refused:
				if !errors.Is(err, nats.ErrPermissionViolation) {
					t.Errorf("refused with %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("it was allowed")
			}
		})
	}
	if _, err := nats.Connect("nats://127.0.0.1:" + s.env["NATS_PORT"]); err == nil {
		t.Error("the server takes clients without a user")
	}
}

// closed looks at what the containers may do and where they can be reached.
func (s *stack) closed(t *testing.T) {
	for service, ports := range map[string]int{"nats": 1, "vault": 1, "worker-1": 1, "worker-2": 0, "setup": 0} {
		bindings := s.inspect(t, service, "{{range .HostConfig.PortBindings}}{{range .}}{{.HostIp}} {{end}}{{end}}")
		if open := strings.Fields(bindings); len(open) != ports || strings.Trim(bindings, "127.0 ") != "" && ports > 0 {
			t.Errorf("%s is published at %q, want %d port(s) at 127.0.0.1", service, bindings, ports)
		}
	}
	for _, service := range []string{"worker-1", "worker-2", "setup"} {
		got := s.inspect(t, service, "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Privileged}}")
		if want := "65532:65532 true [ALL] false"; got != want {
			t.Errorf("%s runs as %q, want %q", service, got, want)
		}
	}
}
