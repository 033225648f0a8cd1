package tour

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dev"
	"holdfast/internal/dev/witness"
)

// stage is what steps play on, and what they have in common.
type stage struct {
	*dev.Stack

	w      *witness.Witness
	t      teller
	tenant string

	result        Result // of the step that is played
	kept, skipped int
	asked         []events.Request
	password      string // that the target takes now
}

// Connections of the tour, by what they are called throughout.
const (
	crm     = "crm"     // user name and password
	billing = "billing" // OAuth 2.0 client credentials
)

func (s *stage) did(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.result.Did = append(s.result.Did, text)
	s.t.did(text)
}

func (s *stage) saw(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.result.Saw = append(s.result.Saw, text)
	s.t.saw(text)
}

func (s *stage) fact(name string, value any) { s.result.Facts[name] = value }

// await waits until so is true of what the streams hold; expected is what is told when it does not become so.
func (s *stage) await(ctx context.Context, expected string, so func([]witness.Record) bool) error {
	if err := s.w.Await(ctx, so); err != nil {
		return s.wrong(expected, "it has not happened in time; the last events: "+s.latest())
	}
	return nil
}

// until asks again and again, where there is no event to wait for. seen says what there was last.
func (s *stage) until(ctx context.Context, expected string, ask func(context.Context) (ok bool, seen string)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, seen := ask(ctx)
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s.wrong(expected, seen)
		}
	}
}

// connect puts a secret into Vault, publishes a connection, and waits until it is in the registry.
func (s *stage) connect(ctx context.Context, c events.Connection, secret map[string]string) error {
	version, err := s.Vault.Put(ctx, s.tenant, c.ID, secret)
	if err != nil {
		return err
	}
	seq, err := s.Publish(ctx, s.tenant, events.ConnectionCreated, c)
	if err != nil {
		return err
	}
	s.did("secret of %s to Vault (version %d), then connection.created (%s %d)", c.ID, version, events.StreamConnections, seq)
	return s.await(ctx, "connection "+c.ID+" is in the registry", func(records []witness.Record) bool {
		e, ok := entry(records, s.tenant, c.ID)
		return ok && e.Sequence >= seq
	})
}

// basicConnection is a connection to the part of the target that wants a user name and a password.
func (s *stage) basicConnection(id string) events.Connection {
	return s.SharedConnection(id, "Tour "+id, "/basic", events.AuthSettings{Method: "basic"})
}

// basicSecret is what opens it now.
func (s *stage) basicSecret() map[string]string {
	return map[string]string{"username": dev.DemoUser, "password": s.password}
}

// request is an action request of the tour: an effect on the target, in a run of its own.
func (s *stage) request(connection string) events.Request {
	n := len(s.asked) + 1
	input, _ := json.Marshal(map[string]any{ // numbers and strings only
		"method": "POST", "path": "/items", "body": map[string]any{"name": "Ada", "number": n},
	})
	r := events.Request{
		Tenant: s.tenant, ID: fmt.Sprintf("req-%d", n), Workflow: "onboarding", Run: fmt.Sprintf("run-%d", n), Step: "create-account",
		StepKind: events.ActionStep, Connection: connection,
		Action: events.Action{Connector: "http", Operation: "request", Input: input},
	}
	s.asked = append(s.asked, r)
	return r
}

// ask publishes an action request.
func (s *stage) ask(ctx context.Context, r events.Request) error {
	_, err := s.Publish(ctx, s.tenant, events.ActionRequested, r)
	return err
}

// askNew publishes n new requests on a connection.
func (s *stage) askNew(ctx context.Context, connection string, n int) ([]events.Request, error) {
	made := make([]events.Request, n)
	for i := range made {
		made[i] = s.request(connection)
		if err := s.ask(ctx, made[i]); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// awaitEnds waits until each request ended as t.
func (s *stage) awaitEnds(ctx context.Context, requests []events.Request, t events.Type) error {
	for _, r := range requests {
		expected := r.ID + " ends as " + t.What()
		if err := s.await(ctx, expected, func(records []witness.Record) bool {
			return len(ends(ledger(records, s.tenant, r.ID))) > 0
		}); err != nil {
			return err
		}
		if end := ends(ledger(s.w.Records(), s.tenant, r.ID))[0]; end.Type != t {
			return s.wrong(expected, "it ended as "+describe(end))
		}
	}
	return nil
}

// awaitSuspended waits until a request's chain waits, and gives what it says.
func (s *stage) awaitSuspended(ctx context.Context, r events.Request, reason string) (events.Suspension, error) {
	var got events.Suspension
	expected := r.ID + " is suspended, reason " + reason
	err := s.await(ctx, expected, func(records []witness.Record) bool {
		c := chain(records, r)
		if len(c) == 0 {
			return false
		}
		var perr error
		got, perr = events.Payload[events.Suspension](c[0].Event)
		return perr == nil
	})
	if err == nil && got.Reason != reason {
		err = s.wrong(expected, "the reason is "+got.Reason)
	}
	return got, err
}

// awaitNotice waits for a notice about a connection, from the given number of records on.
func (s *stage) awaitNotice(ctx context.Context, t events.Type, connection string, from int) error {
	return s.await(ctx, t.Noun()+"."+t.What()+" of "+connection, func(records []witness.Record) bool {
		for _, r := range records[from:] {
			n, err := events.Payload[events.ConnectionNotice](r.Event)
			if r.Type == t && err == nil && n.Tenant == s.tenant && n.ID == connection {
				return true
			}
		}
		return false
	})
}

// entry is a connection as the registry has it.
func entry(records []witness.Record, tenant, id string) (e connection.Entry, ok bool) {
	subject := witness.RegistrySubject(tenant, id)
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].Subject == subject {
			return e, json.Unmarshal(records[i].Raw, &e) == nil
		}
	}
	return e, false
}
