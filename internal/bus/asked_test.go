package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/testkit"
)

// An upstream system asks a worker with no more rights than deploy/nats gives either, and hears of no other tenant.
func TestP11_QuestionsNeedNoMoreThanTheirRoles(t *testing.T) {
	n := startWithRoles(t, nil)
	testkit.SetUpBus(t, testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin")))
	worker := testkit.ConnectBus(t, n.ClientURL(), as("worker", "_INBOX_holdfast"))
	asked := make(chan string, 4)
	stop, err := worker.Answer(events.SubjectOf("*", events.PermissionQuery), "workers", func(d dispatch.Delivery) []byte {
		asked <- d.Subject
		return append([]byte("answer to "), d.Data...)
	})
	must(t, err)
	defer stop()
	upstream, err := nats.Connect(n.ClientURL(), nats.UserInfo("upstream", "upstream"), nats.CustomInboxPrefix("_INBOX_acme"))
	must(t, err)
	defer upstream.Close()

	m, err := upstream.Request(events.SubjectOf("acme", events.PermissionQuery), []byte("question"), patience)
	must(t, err)
	if string(m.Data) != "answer to question" {
		t.Errorf("%s", m.Data)
	}
	if subject := <-asked; subject != "hf.acme.permission.query" {
		t.Errorf("asked on %s", subject)
	}
	refused := make(chan string, 1)
	upstream.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err.Error() })
	must(t, upstream.PublishRequest(events.SubjectOf("globex", events.PermissionQuery), "_INBOX_acme.x", nil))
	must(t, upstream.Flush())
	select {
	case <-refused:
	case subject := <-asked:
		t.Errorf("asked on %s", subject)
	case <-time.After(patience):
		t.Error("another tenant's question was neither refused nor heard")
	}
	// No stream keeps a question, or answers it in a worker's place.
	for stream, filters := range events.StreamSubjects() {
		for _, f := range filters {
			if f == "hf.*.permission.*" || f == "hf.*.permission.query" {
				t.Errorf("%s keeps %s", stream, f)
			}
		}
	}
}
