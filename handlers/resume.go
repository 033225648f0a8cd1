package handlers

import (
	"context"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

const (
	// resumeParallel is how many chains of one connection are resumed at the same time.
	resumeParallel = 32
	// resumeBatch is how many chains are read between two looks at the connection.
	resumeBatch = 4 * resumeParallel
)

// resumeAll resumes what waits for a connection that works, at a bounded rate, as long as it goes on working: it may
// take hours.
func (h *Handlers) resumeAll(ctx context.Context, e *connection.Entry) (resumed int, err error) {
	if h.paceOf(e).Limit() != rate.Inf {
		release, f := h.share(ctx, e.Tenant)
		if f != nil {
			return 0, f
		}
		defer release()
	}
	for batch, err := range h.waiting(ctx, events.ChainsFilter(e.Tenant, e.ID, "")) {
		if err != nil {
			return resumed, err
		}
		works, err := h.working(ctx, e.Tenant, e.ID, batch)
		if err != nil {
			return resumed, err
		}
		if works == nil {
			return resumed, fault.New(fault.Conflict, "the connection changed while its runs were being resumed")
		}
		if err := h.resumeBatch(ctx, works, batch); err != nil {
			return resumed, err
		}
		resumed += len(batch)
	}
	return resumed, nil
}

func (h *Handlers) resumeBatch(ctx context.Context, e *connection.Entry, batch []events.ChainRecord) error {
	step, pace := suspension.Step{Cause: events.CauseRestored}, h.paceOf(e)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(resumeParallel)
	for _, rec := range batch {
		g.Go(func() error {
			if err := h.resumes.Wait(ctx); err != nil {
				return err
			}
			if err := pace.Wait(ctx); err != nil {
				return err
			}
			return h.resume(ctx, rec, step, e.Now())
		})
	}
	return g.Wait()
}

// waiting gives the chains of a filter that wait, some at a time: the caller may keep none of them.
func (h *Handlers) waiting(ctx context.Context, filter string) iter.Seq2[[]events.ChainRecord, error] {
	return func(yield func([]events.ChainRecord, error) bool) {
		batch := make([]events.ChainRecord, 0, resumeBatch)
		for rec, err := range h.Journal.Each(ctx, filter) {
			if err != nil {
				if len(batch) == 0 || yield(batch, nil) {
					yield(nil, err)
				}
				return
			}
			if suspension.StateOf(rec.Record) != suspension.Waiting {
				continue
			}
			if batch = append(batch, rec); len(batch) < cap(batch) {
				continue
			}
			if !yield(batch, nil) {
				return
			}
			batch = batch[:0]
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// working is the entry of a connection whose chains may be resumed; nil where it does not work, or people resume by
// hand. It is read after the chains were, since one that was read before them may be older than what they failed with.
// The leader that it is read from may be behind, too: where a chain failed with just what shall work, or with something
// newer, that is told apart from credentials that healed, and from a bus that was restored from a backup, by the cache.
func (h *Handlers) working(ctx context.Context, tenant, id string, chains []events.ChainRecord) (*connection.Entry, error) {
	e, _, err := h.Registry.Fresh(ctx, tenant, id)
	if err == nil && resumes(e) && slices.ContainsFunc(chains, func(rec events.ChainRecord) bool { return failedSince(e.Now(), rec) }) {
		e, err = h.Registry.Current(ctx, tenant, id)
	}
	if err != nil || !resumes(e) {
		return nil, err
	}
	return e, nil
}

func resumes(e *connection.Entry) bool {
	return e != nil && e.Works() && e.Resume != events.ResumeManual
}

// failedSince tells whether a chain did not fail before the credentials at f were seen to work, as far as they show.
func failedSince(f connection.Fence, rec events.ChainRecord) bool {
	s, err := events.Payload[events.Suspension](rec.Event)
	if err != nil {
		return false // whoever moves it says what is wrong with it
	}
	return s.Generation > f.Generation || s.Generation == f.Generation && s.SecretVersion == f.SecretVersion
}
