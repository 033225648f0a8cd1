package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/pause"
)

// RotationReport tells how soon suspended runs go on after their connection's secret was written to Vault, and
// nobody told: no event, nothing but the write.
type RotationReport struct {
	Bench string `json:"bench"` // rotation
	// PollSeconds is how often the worker looks at the secrets of broken connections.
	PollSeconds float64        `json:"poll_seconds"`
	Sizes       []RotationSize `json:"sizes"`
	Machine     Machine        `json:"machine"`
}

// RotationSize is one number of connections.
type RotationSize struct {
	// Connections is how many there are, Broken how many of them are broken, each with a suspended run.
	Connections int `json:"connections"`
	Broken      int `json:"broken"`
	// Rotations is how many writes were measured, each at a moment of its own.
	Rotations int `json:"rotations"`
	// Resumed is from a write to the stored outcome of the first run that went on.
	Resumed Lateness `json:"resumed_seconds"`
	// VaultCalls is how often the worker asked Vault in a second meanwhile.
	VaultCalls float64 `json:"vault_calls_per_second"`
}

const (
	rotationConnections = 10_000
	rotationBroken      = 100
	// rotationRounds is how often one connection alone is rotated.
	rotationRounds = 10
	// secretsAhead is how many secrets are written at once while a measurement is prepared.
	secretsAhead = 8
)

// Rotation measures rotation by a bare write: with one connection, with a hundred that all are broken, and with
// many of which a hundred are.
func Rotation(ctx context.Context, o Options) (RotationReport, error) {
	most := orDefault(o.Requests, rotationConnections)
	r := RotationReport{Bench: "rotation"}
	err := withStand(ctx, o, false, func(s *stand) error {
		r.Machine = s.machine()
		r.PollSeconds = s.settings().Worker.BrokenPollInterval.Seconds()
		for _, all := range slices.Compact([]int{1, min(rotationBroken, most), most}) {
			broken, rounds := min(all, rotationBroken), 1
			if broken == 1 {
				rounds = orDefault(o.Rounds, rotationRounds)
			}
			s.progress.in(fmt.Sprintf("%d connections", all))
			t := &rotation{stand: s, all: all, broken: broken}
			if err := within(ctx, func(ctx context.Context) error { return t.run(ctx, rounds) }); err != nil {
				return err
			}
			r.Sizes = append(r.Sizes, t.size())
		}
		return nil
	})
	return r, err
}

// rotation is one number of connections; the first of them are those that break.
type rotation struct {
	*stand

	all, broken int
	told        int // events about connections so far
	took        []float64
	calls       int64
	lasted      time.Duration
}

func connectionID(i int) string { return fmt.Sprintf("c-%05d", i) }

func (t *rotation) run(ctx context.Context, rounds int) (err error) {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	stop, err := t.startWorker(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for round := range rounds {
		if err := t.suspend(ctx, uint64(round+1)); err != nil {
			return err
		}
		if err := t.rotate(ctx, uint64(round+1)); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes all connections, with secrets that are complete.
func (t *rotation) prepare(ctx context.Context) error {
	if err := t.fresh(ctx); err != nil {
		return err
	}
	all := make([]events.Connection, t.all)
	for i := range all {
		all[i] = connection(connectionID(i), events.AuthSettings{Method: "basic"})
	}
	if err := t.write(ctx, t.all, "password"); err != nil {
		return err
	}
	t.told = t.all
	return t.introduce(ctx, all...)
}

// write writes the secrets of the first n connections, with a password or without one.
func (t *rotation) write(ctx context.Context, n int, fields ...string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(secretsAhead)
	for i := range n {
		g.Go(func() error { return t.writeOne(ctx, i, fields...) })
	}
	return g.Wait()
}

func (t *rotation) writeOne(ctx context.Context, i int, fields ...string) error {
	values := map[string]string{"username": "bench"}
	for _, name := range fields {
		values[name] = "bench-password"
	}
	return t.vault.put(ctx, connectionID(i), values)
}

// suspend breaks connections, which is announced, and has one run of each suspended.
func (t *rotation) suspend(ctx context.Context, round uint64) error {
	if err := t.write(ctx, t.broken); err != nil {
		return err
	}
	for i := range t.broken {
		ref := events.ConnectionRef{ID: connectionID(i), Actor: events.ActorSystem}
		if err := t.publish(ctx, events.ConnectionSecretRotated, ref); err != nil {
			return err
		}
	}
	t.told += t.broken
	if _, err := t.settled(ctx, events.StreamConnections, bus.DurableConnections, t.told); err != nil {
		return err
	}
	for i := range t.broken {
		if err := t.publish(ctx, events.ActionRequested, request(connectionID(i), round)); err != nil {
			return err
		}
	}
	return t.await(ctx, "suspended", round, func(last events.Type) bool { return last == events.ActionSuspended })
}

// await waits until the ledgers of a round are as they should be.
func (t *rotation) await(ctx context.Context, what string, round uint64, is func(last events.Type) bool) error {
	bar := t.progress.step(what, t.broken)
	defer bar.done()
	next := 0
	return pause.Until(ctx, lookEvery, func() (bool, error) {
		for ; next < t.broken; next++ {
			last, err := t.ledger(ctx, next, round)
			if err != nil || !is(last.Type) {
				return false, err
			}
			bar.at(next)
		}
		return true, nil
	})
}

func (t *rotation) ledger(ctx context.Context, i int, round uint64) (events.Record, error) {
	return t.bus.Journal().Last(ctx, events.LedgerSubject(tenant, requestID(connectionID(i), round)))
}

// rotate writes the right secrets, each at a moment of its own within a poll's time, and measures how long it
// took until the run that waited was done.
func (t *rotation) rotate(ctx context.Context, round uint64) error {
	calls, began := t.vault.count(), time.Now()
	written := make([]time.Time, t.broken)
	g, gctx := errgroup.WithContext(ctx)
	for i := range t.broken {
		after := rand.N(t.settings().Worker.BrokenPollInterval) //nolint:gosec // no secret, only spread
		g.Go(func() error {
			if !pause.For(gctx, after) {
				return gctx.Err()
			}
			err := t.writeOne(gctx, i, "password")
			written[i] = time.Now()
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := t.await(ctx, "resumed", round, events.Type.Ends); err != nil {
		return err
	}
	t.calls += t.vault.count() - calls
	t.lasted += time.Since(began)
	return t.collectTimes(ctx, round, written)
}

func (t *rotation) collectTimes(ctx context.Context, round uint64, written []time.Time) error {
	for i, at := range written {
		last, err := t.ledger(ctx, i, round)
		if err != nil {
			return err
		}
		if last.Type != events.ActionCompleted {
			return fmt.Errorf("a run ended as %s", last.Type)
		}
		t.took = append(t.took, last.Stored.Sub(at).Seconds())
	}
	return nil
}

func (t *rotation) size() RotationSize {
	slices.Sort(t.took)
	return RotationSize{
		Connections: t.all, Broken: t.broken, Rotations: len(t.took), Resumed: lateness(t.took),
		VaultCalls: round(float64(t.calls)/t.lasted.Seconds(), 2),
	}
}
