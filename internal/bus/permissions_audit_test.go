package bus_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/natsd"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

// audited are the streams that the audit reads.
var audited = []string{events.StreamTimers, events.StreamSuspensions, events.StreamActions, events.StreamOutcomes,
	events.StreamDeadLetters, events.StreamConnections, events.StreamPermissions, events.StreamNotices}

// lookAround does everything that the audit does, on every stream.
func lookAround(ctx context.Context, s audit.Source) error {
	for _, stream := range audited {
		e, err := s.Extent(ctx, stream)
		if err != nil {
			return err
		}
		n := 0
		for _, err := range s.Messages(ctx, stream, "", audit.Range{Last: e.Last}) {
			if err != nil {
				return err
			}
			n++
		}
		if _, there, err := s.Message(ctx, stream, e.Last); err != nil || !there || n == 0 {
			return fmt.Errorf("%s: %d, %t, %w", stream, n, there, err)
		}
	}
	for _, q := range []audit.Queue{audit.Requests, audit.Commands, audit.Chains, audit.Alarms, audit.Connections, audit.Directory} {
		if _, err := s.Backlog(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// auditEntries are what the audit needs of operator.conf.
func auditEntries(t *testing.T, conf string) []string {
	t.Helper()
	allow, _, _ := strings.Cut(conf, "deny: [")
	var all []string
	need := func(subject string) {
		entry := `"$JS.API.` + subject + `"`
		if strings.Count(allow, entry+"\n") != 1 {
			t.Errorf("operator.conf does not allow %s once", entry)
		}
		all = append(all, entry)
	}
	for _, stream := range audited {
		need("STREAM.INFO." + stream)
		need("STREAM.MSG.GET." + stream)
		need("CONSUMER.CREATE." + stream + ".>")
		need("CONSUMER.MSG.NEXT." + stream + ".*")
	}
	for _, d := range bus.Durables() {
		if d.Name != bus.DurableRegistry {
			need("CONSUMER.INFO." + d.Stream + "." + d.Name)
		}
	}
	return all
}

// startWithOperators starts a server with an operator, and one without each of some permissions: op-<i>.
func startWithOperators(t *testing.T, conf string, without []string) *testkit.NATS {
	t.Helper()
	dir := t.TempDir()
	var users strings.Builder
	user := func(name, text string) {
		must(t, os.WriteFile(filepath.Join(dir, name+".conf"), []byte(text), 0o600))
		fmt.Fprintf(&users, "    { user: %q, password: %q, permissions: { include %q } }\n", name, name, name+".conf")
	}
	user("operator", conf)
	for i, e := range without {
		user(fmt.Sprintf("op-%d", i), strings.Replace(conf, e+"\n", "\n", 1))
	}
	file := filepath.Join(dir, "server.conf")
	must(t, os.WriteFile(file, []byte("authorization {\n  users: [\n    { user: root, password: root }\n"+users.String()+"  ]\n}\n"), 0o600))
	return testkit.StartNATS(t, func(o *natsd.Options) { o.ConfigFile = file })
}

// An operator may audit with what operator.conf gives, and needs all of what it gives for that.
func TestO5_OperatorsAuditWithTheLeastPermissions(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(rolesDir, "operator.conf"))
	must(t, err)
	conf := string(raw)
	entries := auditEntries(t, conf)
	n := startWithOperators(t, conf, entries)
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))
	testkit.SetUpBus(t, root)
	for _, subject := range []string{"$KV.hf_timers.acme.crm.run.req.1", chain.Subject(), events.LedgerSubject("acme", "req"),
		events.SubjectOf("acme", events.ActionRequested), events.DeadLetterSubject("acme", fault.Poison),
		events.SubjectOf("acme", events.ConnectionCreated), events.SubjectOf("acme", events.DirectoryUserUpdated),
		events.NoticeSubject("acme", events.ConnectionBroken)} {
		_, err := root.PublishEvent(t.Context(), subject, subject, []byte("{}"))
		must(t, err)
	}
	look := func(user string) error {
		b := testkit.ConnectBus(t, n.ClientURL(), as(user, "_INBOX_operator"))
		return lookAround(t.Context(), ops.AuditSource(b))
	}
	must(t, look("operator"))
	for i, e := range entries {
		t.Run("without "+strings.Trim(e, `"`), func(t *testing.T) {
			err := look(fmt.Sprintf("op-%d", i))
			if f := fault.From(err); f == nil || !strings.Contains(f.Detail, "permission missing: publish to ") {
				t.Errorf("without %s: %v", e, err)
			}
		})
	}
	r, err := audit.Run(t.Context(), ops.AuditSource(testkit.ConnectBus(t, n.ClientURL(), as("operator", "_INBOX_operator"))), audit.Options{Settle: -1})
	if err != nil || r.Of(audit.Unreadable).Violations != 4 {
		t.Errorf("%v, %v", err, r.Err())
	}
	takesNothing(t, n, root)
}

// takesNothing tries to take messages away from workers, as an operator.
func takesNothing(t *testing.T, n *testkit.NATS, root *bus.Bus) {
	nc, err := nats.Connect(n.ClientURL(), nats.UserInfo("operator", "operator"), nats.CustomInboxPrefix("_INBOX_operator"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // refusals are what is wanted
	must(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	must(t, err)
	for _, d := range bus.Durables() {
		to := "$JS.API.CONSUMER.MSG.NEXT." + d.Stream + "." + d.Name
		if m, err := nc.Request(to, []byte(`{"batch":1,"no_wait":true}`), 200*time.Millisecond); err == nil {
			t.Errorf("%s answers: %v %s", to, m.Header, m.Data)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		cfg := jetstream.ConsumerConfig{Durable: d.Name, FilterSubject: d.Filter, AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 1}
		if _, err := js.CreateOrUpdateConsumer(ctx, d.Stream, cfg); err == nil {
			t.Errorf("changed %s/%s", d.Stream, d.Name)
		}
		cancel()
		if b, err := root.Consumer(t.Context(), d); err != nil || b.Delivered != 0 {
			t.Errorf("%s/%s: %+v, %v", d.Stream, d.Name, b, err)
		}
	}
}
