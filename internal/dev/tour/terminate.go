package tour

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/dev/witness"
)

// patience is how long runs of the connection that is deleted may wait: ten days, in short.
const patience = 3 // seconds

// terminate deletes a connection and waits for the end of the run that needs it.
func terminate(ctx context.Context, s *stage) error {
	c := s.basicConnection("short-lived")
	c.SuspendFor = patience
	if err := s.connect(ctx, c, s.basicSecret()); err != nil {
		return err
	}
	seq, err := s.Publish(ctx, s.tenant, events.ConnectionDeleted, events.ConnectionRef{ID: c.ID, Actor: c.Actor})
	if err != nil {
		return err
	}
	if err := s.await(ctx, "connection "+c.ID+" is deleted in the registry", func(records []witness.Record) bool {
		e, ok := entry(records, s.tenant, c.ID)
		return ok && e.Deleted
	}); err != nil {
		return err
	}
	s.did("connection.deleted (%s %d); its runs may wait %d seconds instead of ten days", events.StreamConnections, seq, patience)
	asked, err := s.askNew(ctx, c.ID, 1)
	if err != nil {
		return err
	}
	waiting, err := s.awaitSuspended(ctx, asked[0], "connection_deleted")
	if err != nil {
		return err
	}
	s.saw("%s suspended: %s, until %s", asked[0].ID, waiting.Reason, waiting.TerminatesAt.Format("15:04:05.000"))
	return s.awaitTerminated(ctx, asked[0], waiting.TerminatesAt)
}

// awaitTerminated waits for the end and reads both subjects back: one termination on each.
func (s *stage) awaitTerminated(ctx context.Context, r events.Request, deadline time.Time) error {
	if err := s.awaitEnds(ctx, []events.Request{r}, events.ActionTerminated); err != nil {
		return err
	}
	if err := s.w.CatchUp(ctx); err != nil {
		return err
	}
	records := s.w.Records()
	moves, marks := chain(records, r), ledger(records, s.tenant, r.ID)
	if got := types(moves); got != "suspended, terminated" {
		return s.wrong("the chain of "+r.ID+" is suspended, terminated", got)
	}
	if got := types(marks); got != "suspended, terminated" {
		return s.wrong("the ledger of "+r.ID+" is suspended, terminated", got)
	}
	late := moves[1].Stored.Sub(deadline)
	if late < 0 {
		return s.wrong("no run is terminated before its time", took(-late)+" early")
	}
	s.saw("suspension.terminated (%s %d) %s after the deadline, and action.terminated (%s %d): one of each", moves[1].Stream,
		moves[1].Sequence, took(late), marks[1].Stream, marks[1].Sequence)
	s.fact("late_ms", late.Milliseconds())
	s.fact("terminated_on_chain", 1)
	s.fact("terminated_on_ledger", 1)
	return nil
}
