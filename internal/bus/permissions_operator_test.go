package bus_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// An operator changes connections and reads the answers, and can answer nothing itself.
func TestC10_OperatorsAskForChangesAndReadTheAnswers(t *testing.T) {
	n := startWithRoles(t, nil)
	testkit.SetUpBus(t, testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin")))
	b := testkit.ConnectBus(t, n.ClientURL(), as("operator", "_INBOX_operator"))
	for _, kind := range []events.Type{events.ConnectionCreated, events.ConnectionUpdated, events.ConnectionDeleted,
		events.ConnectionUndeleted, events.ConnectionSecretRotated, events.ConnectionTestRequested} {
		if _, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", kind), string(kind), []byte("{}")); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamNotices, Filter: events.NoticesFilter("acme"), Since: time.Now().Add(-time.Hour)}) {
		must(t, err)
	}
	if _, err := b.PublishEvent(t.Context(), events.NoticeSubject("acme", events.ConnectionApplied), "n", []byte("{}")); err == nil {
		t.Error("may say what workers say")
	}
}

// looks are what explain and top need beside what commands needed before.
var looks = []string{
	"STREAM.INFO.HF_CONNECTIONS", "STREAM.INFO.HF_DEADLETTERS", "STREAM.INFO.HF_NOTICES",
	"CONSUMER.INFO.HF_ACTIONS.actions", "CONSUMER.INFO.HF_ACTIONS.commands", "CONSUMER.INFO.HF_CONNECTIONS.connections",
	"CONSUMER.INFO.HF_PERMISSIONS.permissions", "CONSUMER.INFO.HF_SUSPENSIONS.chains", "CONSUMER.INFO.KV_hf_timers.alarms",
	"CONSUMER.INFO.KV_hf_connections.registry", "CONSUMER.CREATE.HF_ACTIONS.>", "CONSUMER.CREATE.HF_CONNECTIONS.>",
	"CONSUMER.CREATE.HF_HISTORY.>", "CONSUMER.MSG.NEXT.HF_ACTIONS.*", "CONSUMER.MSG.NEXT.HF_CONNECTIONS.*", "CONSUMER.MSG.NEXT.HF_HISTORY.*",
}

// What explain and top look at works with the operator's login, and without any of its permissions something fails.
func TestO1_LeastPrivilegeOfLooking(t *testing.T) {
	text, err := os.ReadFile(rolesDir + "/operator.conf")
	must(t, err)
	users := map[string]string{"operator": string(text)}
	for i, l := range looks {
		line := `    "$JS.API.` + l + "\"\n"
		if !strings.Contains(string(text), line) {
			t.Fatalf("operator.conf has no %s", l)
		}
		users[fmt.Sprintf("operator-%d", i)] = strings.Replace(string(text), line, "", 1)
	}
	n := startWithUsers(t, users)
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))
	testkit.SetUpBus(t, root)
	fillForLooking(t, root)
	must(t, look(t, n.ClientURL(), "operator"))
	for i, l := range looks {
		t.Run("without "+l, func(t *testing.T) {
			if look(t, n.ClientURL(), fmt.Sprintf("operator-%d", i)) == nil {
				t.Fatal("works just as well")
			}
		})
	}
}

// fillForLooking stores a message in each of the streams.
func fillForLooking(t *testing.T, root *bus.Bus) {
	t.Helper()
	raw, err := event(t, events.ActionRequested, events.Request{}).Encode()
	must(t, err)
	for _, subject := range []string{events.SubjectOf("acme", events.ActionRequested), events.SubjectOf("acme", events.ConnectionCreated),
		events.LedgerSubject("acme", "q"), chain.Subject(), events.NoticeSubject("acme", events.ConnectionBroken),
		events.DeadLetterSubject("acme", fault.Stale)} {
		_, err := root.PublishEvent(t.Context(), subject, subject, raw)
		must(t, err)
	}
	testkit.Eventually(t, patience, "the history", func() bool {
		for _, err := range root.Records(t.Context(), bus.Search{Stream: events.StreamHistory}) {
			return err == nil
		}
		return false
	})
}

func look(t *testing.T, url, user string) error {
	t.Helper()
	b := testkit.ConnectBus(t, url, as(user, "_INBOX_operator"))
	for _, stream := range []string{events.StreamActions, events.StreamConnections, events.StreamOutcomes, events.StreamSuspensions,
		events.StreamNotices, events.StreamDeadLetters} {
		if s, err := b.State(t.Context(), stream); err != nil || s.Last == 0 {
			return fmt.Errorf("state of %s: %d, %w", stream, s.Last, err)
		}
	}
	for _, stream := range []string{events.StreamActions, events.StreamConnections, events.StreamOutcomes, events.StreamSuspensions,
		events.StreamNotices, events.StreamDeadLetters, events.StreamHistory} {
		for _, err := range b.Records(t.Context(), bus.Search{Stream: stream, Filter: "hf.acme.>"}) {
			if err != nil {
				return err
			}
		}
	}
	for _, d := range bus.Durables() {
		if _, err := b.Consumer(t.Context(), d); err != nil {
			return err
		}
	}
	_, _, err := b.Connection(t.Context(), "acme", "crm")
	return err
}

// Who looks takes nothing: neither may an operator pull from a consumer of the workers, nor change or delete one.
func TestO1_LookingTakesNoMessageFromAWorker(t *testing.T) {
	n := startWithRoles(t, nil)
	testkit.SetUpBus(t, testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin")))
	nc, err := nats.Connect(n.ClientURL(), nats.UserInfo("operator", "operator"), nats.CustomInboxPrefix("_INBOX_operator"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	must(t, err)
	t.Cleanup(nc.Close)
	for _, d := range bus.Durables() {
		at := d.Stream + "." + d.Name
		for _, subject := range []string{"CONSUMER.MSG.NEXT." + at, "CONSUMER.CREATE." + at, "CONSUMER.CREATE." + at + ".hf.acme.x",
			"CONSUMER.DURABLE.CREATE." + at, "CONSUMER.DELETE." + at, "CONSUMER.PAUSE." + at, "CONSUMER.RESET." + at} {
			if m, err := nc.Request("$JS.API."+subject, []byte(`{"stream_name":"`+d.Stream+`"}`), 100*time.Millisecond); err == nil {
				t.Errorf("%s is answered: %s", subject, m.Data)
			}
		}
	}
}

// An operator changes permission sets, reads what workers made of it and what outcomes needed; and decides none of it.
func TestP8_OperatorsChangePermissionsAndReadWhatCameOfIt(t *testing.T) {
	n := startWithRoles(t, nil)
	testkit.SetUpBus(t, testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin")))
	b := testkit.ConnectBus(t, n.ClientURL(), as("operator", "_INBOX_operator"))
	facts, err := b.Facts(t.Context(), nil)
	must(t, err)
	for _, kind := range []events.Type{events.PermissionSetCreated, events.PermissionSetUpdated, events.PermissionSetDeleted,
		events.PermissionAssigned, events.PermissionUnassigned, events.PermissionPublicChanged} {
		if _, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", kind), string(kind), []byte("{}")); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	since := time.Now().Add(-time.Hour)
	for stream, filter := range map[string]string{events.StreamNotices: events.NoticeSubject("acme", events.PermissionChangeRejected),
		events.StreamHistory: events.HistoryFilter("acme")} {
		for _, err := range b.Records(t.Context(), bus.Search{Stream: stream, Filter: filter, Since: since}) {
			must(t, err)
		}
	}
	if _, err := facts.Put(t.Context(), events.Fact{Tenant: "acme", Kind: events.FactSet, ID: "x"}, 0); err == nil {
		t.Error("may decide what a set is")
	}
	if got := facts.Seen("acme", events.FactSet, "x"); got.Kind != "" {
		t.Errorf("seen, and not there: %+v", got)
	}
}
