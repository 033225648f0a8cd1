package bus_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/testkit"
)

// What dead letters need of an operator's login, each of which something fails without.
var letterPermissions = []string{
	`"$JS.API.STREAM.INFO.HF_DEADLETTERS"`, `"$JS.API.STREAM.MSG.GET.HF_DEADLETTERS"`,
	`"$JS.API.CONSUMER.CREATE.HF_ACTIONS.>"`, `"$JS.API.CONSUMER.CREATE.HF_CONNECTIONS.>"`, `"$JS.API.CONSUMER.CREATE.HF_PERMISSIONS.>"`,
	`"$JS.API.CONSUMER.MSG.NEXT.HF_ACTIONS.*"`, `"$JS.API.CONSUMER.MSG.NEXT.HF_CONNECTIONS.*"`, `"$JS.API.CONSUMER.MSG.NEXT.HF_PERMISSIONS.*"`,
	`"hf.*.deadletter.act.*"`, `"hf.*.action.requested"`, `"hf.*.directory.*"`, `"hf.*.place.*"`, `"hf.*.process.*"`,
}

func TestO2_OperatorsRetryAndDropWithNoMoreThanThat(t *testing.T) {
	text := strings.Join(allowed(t, "operator"), "\n") + "\n"
	users := map[string]string{"operator": operatorConf(t)}
	for _, p := range letterPermissions {
		if !strings.Contains(text, p+"\n") {
			t.Fatalf("operator.conf does not allow %s", p)
		}
		users[userWithout(p)] = strings.Replace(operatorConf(t), p+"\n", "\n", 1)
	}
	n := startWithUsers(t, users)
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))
	testkit.SetUpBus(t, root)
	_, err := root.PublishEvent(t.Context(), events.DeadLetterSubject("acme", "poison"), "letter", []byte("{}"))
	must(t, err)
	for _, kind := range []events.Type{events.ActionRequested, events.ConnectionDeleted, events.PlaceSiteRemoved} {
		_, err := root.PublishEvent(t.Context(), events.SubjectOf("acme", kind), "first-"+string(kind), []byte("{}"))
		must(t, err)
	}
	must(t, workOnLetters(t, testkit.ConnectBus(t, n.ClientURL(), as("operator", "_INBOX_operator")), 1))
	for i, p := range letterPermissions {
		b := testkit.ConnectBus(t, n.ClientURL(), as(userWithout(p), "_INBOX_operator"))
		if workOnLetters(t, b, uint64(i+2)) == nil {
			t.Errorf("works just as well without %s", p)
		}
		b.Close()
	}
}

// An operator can neither delete a dead letter, nor write one, nor take a message away from a worker.
func TestO2_OperatorsTakeNothingAway(t *testing.T) {
	n := startWithUsers(t, map[string]string{"operator": operatorConf(t)})
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))
	testkit.SetUpBus(t, root)
	_, err := root.PublishEvent(t.Context(), events.DeadLetterSubject("acme", "poison"), "letter", []byte("{}"))
	must(t, err)
	b := testkit.ConnectBus(t, n.ClientURL(), as("operator", "_INBOX_operator"))
	if _, err := b.PublishEvent(t.Context(), events.DeadLetterSubject("acme", "poison"), "op", []byte("{}")); err == nil {
		t.Error("may write dead letters")
	}
	nc, err := nats.Connect(n.ClientURL(), nats.UserInfo("operator", "operator"), nats.CustomInboxPrefix("_INBOX_operator"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // what is refused is what is tested
	must(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(time.Second))
	must(t, err)
	s, err := js.Stream(t.Context(), events.StreamDeadLetters)
	must(t, err)
	if err := s.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("may delete a dead letter")
	}
	for _, subject := range []string{"$JS.API.CONSUMER.MSG.NEXT.HF_ACTIONS.actions", "$JS.API.CONSUMER.MSG.NEXT.HF_CONNECTIONS.connections",
		"$JS.API.CONSUMER.MSG.NEXT.HF_PERMISSIONS.permissions", "$JS.API.CONSUMER.CREATE.HF_ACTIONS.actions.hf.*.action.requested",
		"$JS.API.CONSUMER.CREATE.HF_PERMISSIONS.permissions"} {
		if _, err := nc.Request(subject, []byte("{}"), time.Second); err == nil {
			t.Errorf("may ask %s", subject)
		}
	}
}

func operatorConf(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rolesDir, "operator.conf"))
	must(t, err)
	return string(text)
}

// userWithout names the operator that lacks a permission.
func userWithout(permission string) string {
	return "without-" + strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'z' {
			return r
		}
		return '-'
	}, permission)
}

// workOnLetters does all that working on a dead letter may need, and tells what did not work.
func workOnLetters(t *testing.T, b *bus.Bus, letter uint64) error {
	t.Helper()
	ctx, subject := t.Context(), events.DeadLetterActs("acme", letter)
	if _, _, err := b.MessageAt(ctx, events.StreamDeadLetters, 1); err != nil {
		return err
	}
	if _, err := b.Journal().Append(ctx, subject, 0, event(t, events.DeadLetterDropped, events.DeadLetterAct{})); err != nil {
		return err
	}
	if _, err := b.Journal().Last(ctx, subject); err != nil {
		return err
	}
	for _, kind := range []events.Type{events.ActionRequested, events.ConnectionDeleted, events.DirectoryUserRemoved, events.PlaceSiteRemoved,
		events.ProcessRetired, events.SuspensionResumeRequested} {
		id := string(kind) + subject
		if _, err := b.PublishMessage(ctx, events.SubjectOf("acme", kind), id, map[string][]string{events.HeaderRetryOf: {"1"}}, []byte("{}")); err != nil {
			return err
		}
		for _, err := range b.Records(ctx, bus.Search{Stream: events.StreamOf(kind), Filter: events.SubjectOf("acme", kind), Since: time.Now().Add(-time.Hour)}) {
			if err != nil {
				return err
			}
		}
	}
	return b.Ready(ctx)
}
