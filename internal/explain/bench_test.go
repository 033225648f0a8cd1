package explain

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

const (
	benchRequests = 1_000_000
	benchChains   = 100_000 // of the first requests, that were suspended
)

// BenchmarkExplain looks for one thing among a million requests, a million outcomes and a hundred thousand chains of one
// tenant. Filling the streams takes a minute.
func BenchmarkExplain(b *testing.B) {
	n, x := testkit.StartBus(b)
	fill(b, n.ClientURL())
	t := &Teller{Looks: x, Chains: x.Journal(), Clock: x.Clock(), Secrets: ops.Secrets{Mount: "secret", Prefix: "holdfast"}}
	b.Run("bare read of the requests", func(b *testing.B) {
		for b.Loop() {
			readBare(b, n.ClientURL())
		}
	})
	for _, q := range []struct {
		name string
		Question
	}{
		{"request that has ended", Question{Kind: Request, ID: "request-777777"}},
		{"request that waits", Question{Kind: Request, ID: "request-77"}},
		{"request without anything", Question{Kind: Request, ID: "request-nothing"}},
		{"run", Question{Kind: Run, ID: "run-123456"}},
		{"run that waits", Question{Kind: Run, ID: "run-15"}},
		{"connection", Question{Kind: Connection, ID: "conn-77"}},
		{"request in the history", Question{Kind: Request, ID: "request-777777", Since: 90 * 24 * time.Hour}},
	} {
		q.Tenant = "acme"
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				s, err := t.Tell(b.Context(), q.Question)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(s.Entries)), "entries")
			}
		})
	}
}

// readBare is what a search is measured by: an ordered consumer that does nothing.
func readBare(b *testing.B, url string) {
	b.Helper()
	c, err := raw(b, url).OrderedConsumer(b.Context(), events.StreamActions, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{events.SubjectOf("acme", events.ActionRequested)}})
	if err != nil {
		b.Fatal(err)
	}
	all, err := c.Messages()
	if err != nil {
		b.Fatal(err)
	}
	defer all.Stop()
	for range benchRequests {
		if _, err := all.Next(); err != nil {
			b.Fatal(err)
		}
	}
}

func raw(b *testing.B, url string) jetstream.JetStream {
	b.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	return js
}

func fill(b *testing.B, url string) {
	b.Helper()
	js := raw(b, url)
	each := func(n int, of func(i int) (string, events.Type, any)) {
		for i := range n {
			subject, kind, payload := of(i)
			e, _ := events.New(kind, time.Now(), payload)
			raw, _ := e.Encode()
			if _, err := js.PublishAsync(subject, raw); err != nil {
				b.Fatal(err)
			}
			if i%2000 == 0 || i == n-1 {
				<-js.PublishAsyncComplete()
			}
		}
	}
	began := time.Now()
	each(benchRequests, func(i int) (string, events.Type, any) {
		return events.SubjectOf("acme", events.ActionRequested), events.ActionRequested, benchRequest(i)
	})
	each(1, func(int) (string, events.Type, any) {
		r := benchRequest(1)
		r.ID = "request-nothing"
		return events.SubjectOf("acme", events.ActionRequested), events.ActionRequested, r
	})
	each(benchRequests-benchChains, func(i int) (string, events.Type, any) {
		r := benchRequest(i + benchChains)
		return events.LedgerSubject("acme", r.ID), events.ActionCompleted, events.Outcome{Tenant: "acme", Request: r.ID, Workflow: r.Workflow,
			Run: r.Run, Step: r.Step, Connection: r.Connection, ActingUser: "ann", Response: json.RawMessage(`{"status":201,"body":{"id":1}}`),
			Generation: 1, SecretVersion: 1, Origin: events.Origin{Stream: events.StreamActions, Sequence: uint64(i + benchChains + 1)}}
	})
	each(benchChains, func(i int) (string, events.Type, any) {
		r := benchRequest(i)
		original, _ := events.Marshal(r)
		s := events.Suspension{Tenant: "acme", Connection: r.Connection, Run: r.Run, Request: r.ID, Workflow: r.Workflow, Step: r.Step,
			Reason: "bad_credentials", TerminatesAt: time.Now().Add(240 * time.Hour), Original: original,
			OriginalAt: events.Origin{Stream: events.StreamActions, Sequence: uint64(i + 1)}}
		return s.Chain().Subject(), events.SuspensionSuspended, s
	})
	b.Logf("filled within %s", time.Since(began))
}

// benchRequest is one of five of its run, which began an hour ago for the runs that wait.
func benchRequest(i int) events.Request {
	return events.Request{ID: fmt.Sprintf("request-%d", i), Workflow: "workflow-1", Run: fmt.Sprintf("run-%d", i/5), Step: "step-1",
		StepKind: events.ActionStep, Connection: fmt.Sprintf("conn-%d", i%1000), ActingUser: "ann",
		Action: events.Action{Connector: "http", Operation: "request", Input: json.RawMessage(`{"method":"POST","path":"/items","body":{"name":"one"}}`)}}
}
