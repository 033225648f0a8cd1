package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/events"
	"holdfast/internal/pause"
)

// load publishes requests, breaks and repairs connections, and gives operators' commands, all at the
// moments when suspensions end.
type load struct {
	*world

	requests   atomic.Int64 // distinct ones
	repeats    atomic.Int64
	suspending atomic.Int64 // published while their connection was broken
	commands   atomic.Int64
	repairs    atomic.Int64
}

const burst = 40

// race goes round and round with one connection: break it, publish a burst, and let its end race whatever
// else may happen to it.
func (l *load) race(ctx context.Context, r *rand.Rand, connection string, suspendFor time.Duration) {
	for ctx.Err() == nil {
		l.breakIt(ctx, connection)
		ids := l.burst(ctx, r, connection, burst)
		l.suspending.Add(burst)
		l.meet(ctx, r, connection, ids, suspendFor)
		pause.For(ctx, between(r, 0, 1500*time.Millisecond))
	}
	l.repair(context.WithoutCancel(ctx), connection, true)
}

// meet does one or two things to a burst's suspensions as near to their end as it can.
func (l *load) meet(ctx context.Context, r *rand.Rand, connection string, ids []string, suspendFor time.Duration) {
	end := suspendFor + between(r, -400*time.Millisecond, 400*time.Millisecond)
	if !pause.For(ctx, end) {
		return
	}
	var all sync.WaitGroup
	for range 1 + r.IntN(2) {
		what, own := r.IntN(6), rand.New(rand.NewPCG(r.Uint64(), 0))
		all.Go(func() {
			pause.For(ctx, between(own, 0, 200*time.Millisecond))
			switch what {
			case 0, 1:
				l.repair(ctx, connection, own.IntN(2) == 0)
			case 2:
				l.command(ctx, events.SuspensionResumeRequested, events.SuspensionCommand{Connection: connection})
			case 3:
				l.command(ctx, events.SuspensionExtendRequested, events.SuspensionCommand{
					Connection: connection, ExtendFor: events.Seconds(1 + own.IntN(3)),
				})
				pause.For(ctx, between(own, 500*time.Millisecond, 3*time.Second))
				l.repair(ctx, connection, true)
			case 4:
				for _, id := range ids[:len(ids)/4] {
					l.command(ctx, events.SuspensionTerminateRequested, events.SuspensionCommand{Connection: connection, Request: id})
				}
			case 5: // nothing: they end by themselves
			}
		})
	}
	all.Wait()
}

func (l *load) breakIt(ctx context.Context, connection string) {
	l.password(connection, "wrong")
	_ = l.publish(ctx, events.ConnectionSecretRotated, events.ConnectionRef{ID: connection, Actor: events.ActorSystem})
}

// repair writes the right password; where nobody tells, workers find out by themselves.
func (l *load) repair(ctx context.Context, connection string, tell bool) {
	l.repairs.Add(1)
	l.password(connection, "demo-password")
	if tell {
		_ = l.publish(ctx, events.ConnectionSecretRotated, events.ConnectionRef{ID: connection, Actor: events.ActorSystem})
	}
}

func (l *load) command(ctx context.Context, t events.Type, c events.SuspensionCommand) {
	c.Actor = "op"
	l.commands.Add(1)
	_ = l.publish(ctx, t, c)
}

// steady publishes at a connection that works, at all times.
func (l *load) steady(ctx context.Context, r *rand.Rand, connection string) {
	for pause.For(ctx, between(r, 0, 200*time.Millisecond)) {
		l.burst(ctx, r, connection, 1+r.IntN(4))
	}
}

// burst publishes n new requests, some of them more than once, and gives their ids.
func (l *load) burst(ctx context.Context, r *rand.Rand, connection string, n int) []string {
	var all sync.WaitGroup
	var ids []string
	run := ""
	for range n {
		q := l.request(r, connection, run)
		run, ids = q.Run, append(ids, q.ID)
		copies := 1
		if r.IntN(8) == 0 {
			copies = 2 + r.IntN(2)
			l.repeats.Add(int64(copies - 1))
		}
		for range copies {
			all.Go(func() { _ = l.publish(ctx, events.ActionRequested, q) })
		}
	}
	all.Wait()
	return ids
}

// request makes a new request: one in ten belongs to the run given, one in four is at-most-once.
func (l *load) request(r *rand.Rand, connection, run string) events.Request {
	n := l.requests.Add(1)
	q := events.Request{
		ID: fmt.Sprintf("req-%d", n), Workflow: "wf", Run: fmt.Sprintf("run-%d", n), Step: "step",
		StepKind: events.ActionStep, Connection: connection, ActingUser: "ann",
		Action: events.Action{Connector: "http", Operation: "request",
			Input: json.RawMessage(`{"method":"POST","path":"/items","body":{"name":"one"}}`)},
	}
	if run != "" && r.IntN(10) == 0 {
		q.Run = run
	}
	if r.IntN(4) == 0 {
		q.Delivery = events.AtMostOnce
	}
	return q
}
