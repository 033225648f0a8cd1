package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// requestBytes is how long each request is on the bus.
const requestBytes = 512

// publishAhead is how many requests are on their way while they are preloaded.
const publishAhead = 2000

// requestID is the id of the nth request, from 1: the same in length for all, so that all are as long.
func requestID(prefix string, n uint64) string { return fmt.Sprintf("%s-%08d", prefix, n) }

func runID(prefix string, n uint64) string { return fmt.Sprintf("run-%s-%08d", prefix, n) }

// request is the nth request of a connection, as a payload.
func request(connection string, n uint64) events.Request {
	return events.Request{
		ID: requestID(connection, n), Workflow: "onboarding", Run: runID(connection, n), Step: "create",
		StepKind: events.ActionStep, Connection: connection, ActingUser: "ann",
		Action: events.Action{Connector: "noop", Operation: "request"}, Delivery: events.AtLeastOnce,
	}
}

// encodeRequest is the nth request of a connection, padded to requestBytes by its CloudEvents subject.
func encodeRequest(connection string, n uint64, at time.Time, with ...func(*events.Request)) ([]byte, error) {
	r := request(connection, n)
	for _, change := range with {
		change(&r)
	}
	data, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	e := events.Event{ID: uuid.NewString(), Source: "bench/upstream", Type: events.ActionRequested, Subject: "-", Time: at, Data: data}
	raw, err := e.Encode()
	if err != nil || len(raw) >= requestBytes {
		return raw, err
	}
	e.Subject += strings.Repeat("-", requestBytes-len(raw))
	return e.Encode()
}

// preload stores n requests of a connection and waits until the server has them all.
func (s *stand) preload(ctx context.Context, connection string, n int, with ...func(*events.Request)) error {
	js, err := jetstream.New(s.nc, jetstream.WithPublishAsyncMaxPending(publishAhead))
	if err != nil {
		return err
	}
	subject := events.SubjectOf(tenant, events.ActionRequested)
	at := time.Now().UTC().Truncate(time.Second) // one length for all
	bar := s.progress.step("preload "+connection, n)
	for i := range n {
		raw, err := encodeRequest(connection, uint64(i+1), at, with...)
		if err != nil {
			return err
		}
		if _, err := js.PublishAsync(subject, raw, jetstream.WithStallWait(time.Minute)); err != nil {
			return fmt.Errorf("preload: %w", err)
		}
		bar.at(i)
	}
	bar.done()
	select {
	case <-js.PublishAsyncComplete():
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.holds(ctx, events.StreamActions, n)
}

// holds makes sure that what was published is there.
func (s *stand) holds(ctx context.Context, stream string, least int) error {
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	if have := st.CachedInfo().State.Msgs; have < uint64(least) {
		return fmt.Errorf("%s holds %d of %d messages", stream, have, least)
	}
	return nil
}

// publish sends one event as an upstream system does.
func (s *stand) publish(ctx context.Context, t events.Type, payload any) error {
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		return err
	}
	e.Source = "bench/upstream"
	raw, err := e.Encode()
	if err != nil {
		return err
	}
	_, err = s.js.Publish(ctx, events.SubjectOf(tenant, t), raw)
	return err
}

// connection is one for the noop connector.
func connection(id string, auth events.AuthSettings) events.Connection {
	return events.Connection{
		ID: id, Name: "Bench " + id, Type: "http", Kind: events.Shared,
		Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, Actor: events.ActorSystem,
		Auth: auth, Settings: json.RawMessage(`{"base_url":"https://bench.example.org"}`),
	}
}
