package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// WaitingReport tells what it costs that requests wait, because Vault is sealed, and that they go on.
type WaitingReport struct {
	Bench string `json:"bench"` // waiting
	// Requests wait, each of RequestBytes, all of one connection.
	Requests     int `json:"requests"`
	RequestBytes int `json:"request_bytes"`
	// Worker is the resident memory of one worker, a process of its own; Server is the NATS server's. 0 where it can
	// not be told.
	Worker WaitingBytes `json:"worker"`
	Server WaitingBytes `json:"server"`
	// WorkerHeap is what was live on the worker's heap at its last garbage collection while they waited: half of the
	// size at which the next begins.
	WorkerHeap int64 `json:"worker_heap_bytes"`
	// Held is the most that the worker was seen to have pulled and not answered; HeldLimit is what it may.
	Held      int `json:"held"`
	HeldLimit int `json:"held_limit"`
	// WaitedSeconds is from the first request to the unsealing, SettledSeconds from there to the last answer.
	WaitedSeconds  float64 `json:"waited_seconds"`
	SettledSeconds float64 `json:"settled_seconds"`
	// Completed is how many ended so; each was checked to have ended exactly once, and none to be suspended.
	Completed int     `json:"completed"`
	Machine   Machine `json:"machine"`
}

// WaitingBytes is resident memory in bytes: with nothing to do, with all requests waiting, and at most.
type WaitingBytes struct {
	Idle    int64 `json:"idle"`
	Waiting int64 `json:"waiting"`
	Most    int64 `json:"most"`
}

const (
	waitingRequests   = 1_000_000
	waitingConnection = "waits"
	// waitLonger is how long they wait once all are there: what is pulled before the gate closes comes again, and
	// pulls end, within it.
	waitLonger = 10 * time.Second
	waitLook   = 250 * time.Millisecond
)

// Waiting measures requests that wait: it has one round.
func Waiting(ctx context.Context, o Options) (WaitingReport, error) {
	if o.VaultAddress != "" {
		return WaitingReport{}, fault.New(fault.Conflict, "this benchmark seals Vault, so it wants one of its own").
			WithHint("unset VAULT_ADDR")
	}
	r := WaitingReport{Bench: "waiting", Requests: orDefault(o.Requests, waitingRequests), RequestBytes: requestBytes, HeldLimit: heldAhead}
	err := withStand(ctx, o, false, func(s *stand) error {
		r.Machine = s.machine()
		w := &backlog{stand: s, report: &r}
		for _, step := range []func(context.Context) error{w.prepare, w.wait, w.goOn, w.check} {
			if err := within(ctx, step); err != nil {
				return err
			}
		}
		return nil
	})
	return r, err
}

type backlog struct {
	*stand

	report *WaitingReport
	worker *workerProcess
}

// wait seals Vault and lets requests wait.
func (w *backlog) wait(ctx context.Context) error {
	w.look(&w.report.Worker.Idle, &w.report.Server.Idle)
	if err := w.vault.seal(ctx); err != nil {
		return err
	}
	began := time.Now()
	stop := w.watch(ctx)
	err := errors.Join(w.preload(ctx, waitingConnection, w.report.Requests), w.gateCloses(ctx), w.waitOn(ctx))
	w.report.Held = stop()
	next, unknown := w.worker.value(ctx, "go_memstats_next_gc_bytes")
	w.report.WorkerHeap = int64(next / 2)
	w.look(&w.report.Worker.Waiting, &w.report.Server.Waiting)
	if err := errors.Join(err, unknown); err != nil {
		return err
	}
	w.report.WaitedSeconds = time.Since(began).Seconds()
	return nil
}

// prepare makes the connection, which its worker has never used when Vault is sealed.
func (w *backlog) prepare(ctx context.Context) (err error) {
	if err := w.vault.put(ctx, waitingConnection, map[string]string{"username": "bench", "password": "bench"}); err != nil {
		return fmt.Errorf("write the secret: %w", err)
	}
	if err := w.fresh(ctx); err != nil {
		return err
	}
	if err := w.introduce(ctx, connection(waitingConnection, events.AuthSettings{Method: "basic"})); err != nil {
		return err
	}
	if w.worker, err = w.startWorkerProcess(ctx); err == nil {
		w.onStop(w.worker.stop)
	}
	return err
}

// look notes the memory of both.
func (w *backlog) look(worker, server *int64) {
	*worker = residentBytes(w.worker.PID())
	if w.server != nil {
		*server = residentBytes(w.server.PID())
	}
	w.report.Worker.Most = max(w.report.Worker.Most, *worker)
	w.report.Server.Most = max(w.report.Server.Most, *server)
}

// watch looks again and again, until it is stopped, and gives the most that the worker held.
func (w *backlog) watch(ctx context.Context) (stop func() (held int)) {
	ctx, cancel := context.WithCancel(ctx)
	most, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		_ = pause.Until(ctx, waitLook, func() (bool, error) {
			var worker, server int64
			w.look(&worker, &server)
			if held, err := w.worker.value(ctx, `holdfast_messages_held{consumer="`+bus.DurableActions+`"}`); err == nil {
				most = max(most, int(held))
			}
			return false, nil
		})
	}()
	return func() int { cancel(); <-done; return most }
}

// gateCloses waits until the worker leaves requests on the bus.
func (w *backlog) gateCloses(ctx context.Context) error {
	return pause.Until(ctx, waitLook, func() (bool, error) {
		shut, err := w.worker.value(ctx, "holdfast_gate_closed")
		return shut == 1, err
	})
}

func (w *backlog) waitOn(ctx context.Context) error {
	bar := w.progress.step("waiting", int(waitLonger.Seconds()))
	defer bar.done()
	began := time.Now()
	return pause.Until(ctx, waitLook, func() (bool, error) {
		bar.at(int(time.Since(began).Seconds()))
		return time.Since(began) > waitLonger, nil
	})
}

// goOn unseals Vault, and waits until all is answered.
func (w *backlog) goOn(ctx context.Context) error {
	if err := w.vault.unseal(ctx); err != nil {
		return err
	}
	stop := w.watch(ctx)
	began := time.Now()
	_, err := w.settled(ctx, events.StreamActions, bus.DurableActions, w.report.Requests)
	w.report.SettledSeconds = time.Since(began).Seconds()
	w.report.Held = max(w.report.Held, stop())
	return err
}

// check reads every ledger.
func (w *backlog) check(ctx context.Context) error {
	counts, err := w.ends(ctx)
	if err != nil {
		return err
	}
	w.report.Completed = counts[events.ActionCompleted]
	if w.report.Completed != w.report.Requests || len(counts) != 1 {
		return fmt.Errorf("%d requests came to %v", w.report.Requests, counts)
	}
	return nil
}
