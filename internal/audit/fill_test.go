package audit_test

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// requestText and outcomeText are events as they are on the bus, written quickly.
func requestText(id string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"e-%[1]s","source":"test","type":"holdfast.action.requested.v1","datacontenttype":"application/json",`+
		`"time":"2026-01-01T00:00:00Z","data":{"request_id":"%[1]s","workflow_id":"onboarding","run_id":"run-%[1]s","step_id":"create-account","step_kind":"action",`+
		`"connection_id":"crm","acting_user":"ann","action":{"connector":"http","operation":"request","input":{"method":"POST","path":"/items",`+
		`"body":{"name":"Ada","department":"Engineering"}}},"delivery":"at_least_once"}}`, id)
}

func outcomeText(tenant, id string, sequence uint64) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"o-%[2]s","source":"holdfast/worker","type":"holdfast.action.completed.v1","datacontenttype":"application/json",`+
		`"time":"2026-01-01T00:00:00Z","data":{"tenant":"%[1]s","request_id":"%[2]s","workflow_id":"onboarding","run_id":"run-%[2]s","step_id":"create-account",`+
		`"connection_id":"crm","acting_user":"ann","rule":"shared_tenant","response":{"status":201,"body":{"id":1}},"generation":1,"secret_version":1,`+
		`"origin":{"stream":"HF_ACTIONS","sequence":%[3]d},"idempotency_key":"%[2]s"}}`, tenant, id, sequence)
}

// fill stores requests and their ends. Every thousandth is lost, and every thousandth has one end too many.
func (s *stage) fill(tenant string, requests int) {
	s.Helper()
	var sent []jetstream.PubAckFuture
	send := func(subject string, data []byte) {
		f, err := s.js.PublishAsync(subject, data, jetstream.WithStallWait(time.Minute))
		s.must(err)
		if sent = append(sent, f); len(sent)%2000 == 0 {
			<-s.js.PublishAsyncComplete()
		}
	}
	for i := range requests {
		send(events.SubjectOf(tenant, events.ActionRequested), requestText(fmt.Sprint("r-", i)))
	}
	for i := range requests {
		id := fmt.Sprint("r-", i)
		for range ends(i) {
			send(events.LedgerSubject(tenant, id), outcomeText(tenant, id, uint64(i+1)))
		}
	}
	<-s.js.PublishAsyncComplete()
	for _, f := range sent {
		select {
		case err := <-f.Err():
			s.Fatal(err)
		default:
		}
	}
	s.answer()
}

// ends is how many ends the i-th request has.
func ends(i int) int {
	switch i % 1000 {
	case 500:
		return 0
	case 700:
		return 2
	default:
		return 1
	}
}
