package ops

import (
	"context"
	"errors"
	"time"

	"holdfast/events"
	"holdfast/internal/pause"
)

// Source is what events that operators send name as their source.
const Source = "holdfast/cli"

// Command is what an operator asks of suspensions.
type Command struct {
	// Type is suspension.resume_requested, extend_requested or terminate_requested.
	Type events.Type
	// Which names the tenant, and a request, a run or a connection.
	Which     Selection
	Actor     string
	Reason    string
	ExtendFor time.Duration // extend_requested only: from now
}

// Move is what came of a command for one suspension.
type Move struct {
	Before SuspensionView `json:"before"`
	After  SuspensionView `json:"after"` // equal to Before where nothing has happened yet
	Moved  bool           `json:"moved"`
}

// Operator asks for resumes, extensions and terminations.
type Operator struct {
	Chains    Chains
	Publisher Publisher
	Clock     Clock
	Checker   *Checker
	Secrets   Secrets // where they are, for what is advised
}

// Targets gives the waiting suspensions that a command would be about. None: NotFound, or Refused where
// they have all ended.
func (o *Operator) Targets(ctx context.Context, c Command) ([]SuspensionView, error) {
	w := c.Which
	if w.Tenant == "" || (w.Request == "" && w.Run == "" && w.Connection == "") {
		return nil, problem(Unclear, "holdfast suspensions list shows them",
			"name the tenant, and a request, a run or a connection")
	}
	w.Ended = true
	found, err := ListSuspensions(ctx, o.Chains, o.Secrets, w)
	if err != nil {
		return nil, err
	}
	var waiting []SuspensionView
	for _, v := range found {
		if v.State == StateWaiting {
			waiting = append(waiting, v)
		}
	}
	switch {
	case len(found) == 0:
		return nil, problem(NotFound, "holdfast suspensions list --all --tenant "+w.Tenant, "no suspension matches")
	case len(waiting) == 0:
		return nil, problem(Refused, "holdfast suspensions list --all --tenant "+w.Tenant,
			"nothing waits any more: the last one was %s (%s)", found[len(found)-1].State, found[len(found)-1].Cause)
	default:
		return waiting, nil
	}
}

// Send publishes the command and gives its sequence. Workers do the rest.
func (o *Operator) Send(ctx context.Context, c Command) (uint64, error) {
	e, err := events.New(c.Type, o.Clock.Now(), events.SuspensionCommand{
		Tenant: c.Which.Tenant, Connection: c.Which.Connection, Run: c.Which.Run, Request: c.Which.Request,
		Actor: c.Actor, Reason: c.Reason, ExtendFor: events.Seconds(c.ExtendFor / time.Second),
	})
	if err != nil {
		return 0, err
	}
	e.Source = Source
	raw, err := e.Encode()
	if err != nil {
		return 0, err
	}
	checked, f := o.Checker.Check(ctx, raw, c.Which.Tenant)
	if f != nil {
		return 0, f
	}
	return o.Publisher.PublishEvent(ctx, checked.Subject, checked.ID, raw)
}

// followEvery is how often the chains are looked at while waiting for them to move.
const followEvery = 250 * time.Millisecond

// Follow waits until each of the suspensions has moved on, or the time is over: then the moves tell which
// have not, and the error is Waiting.
func (o *Operator) Follow(ctx context.Context, c Command, before []SuspensionView, wait time.Duration) ([]Move, error) {
	moves := make([]Move, len(before))
	for i, b := range before {
		moves[i] = Move{Before: b, After: b}
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err := pause.Until(waiting, followEvery, func() (bool, error) { return o.look(ctx, c.Which, moves) })
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return moves, problem(Waiting, "are workers running? holdfast suspensions list --tenant "+c.Which.Tenant,
			"it is asked for, and %d of %d have not moved yet", unmoved(moves), len(moves))
	}
	return moves, err
}

// look notes what moved and tells whether everything did.
func (o *Operator) look(ctx context.Context, w Selection, moves []Move) (bool, error) {
	w.Ended = true
	now, err := ListSuspensions(ctx, o.Chains, o.Secrets, w)
	if err != nil {
		return false, err
	}
	last := make(map[events.Chain]SuspensionView, len(now))
	for _, v := range now {
		last[v.chain()] = v
	}
	for i := range moves {
		if v, ok := last[moves[i].Before.chain()]; ok && v.Sequence > moves[i].Before.Sequence {
			moves[i].After, moves[i].Moved = v, true
		}
	}
	return unmoved(moves) == 0, nil
}

func (v SuspensionView) chain() events.Chain {
	return events.Chain{Tenant: v.Tenant, Connection: v.Connection, Run: v.Run, Request: v.Request}
}

func unmoved(moves []Move) int {
	n := 0
	for _, m := range moves {
		if !m.Moved {
			n++
		}
	}
	return n
}
