package ops

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// ChainStep is one event of a chain, as operators see it.
type ChainStep struct {
	Sequence      uint64       `json:"sequence"` // in HF_SUSPENSIONS
	StoredAt      time.Time    `json:"stored_at"`
	Event         string       `json:"event"` // suspended, extended, resumed or terminated
	Cause         events.Cause `json:"cause,omitempty"`
	Actor         string       `json:"actor,omitempty"`
	Reason        string       `json:"reason"`
	Detail        string       `json:"detail,omitempty"`
	Generation    uint64       `json:"generation"`
	SecretVersion int          `json:"secret_version"`
	TerminatesAt  time.Time    `json:"terminates_at"`
	Previous      uint64       `json:"previous_sequence"`
}

// chainEvent is an event of a chain with its payload.
type chainEvent struct {
	kind    events.Type
	payload events.Suspension
	step    ChainStep
}

// readChain gives every event of the chains that c names, in order; its members may be "*".
func readChain(ctx context.Context, records Records, c events.Chain) ([]chainEvent, error) {
	var all []chainEvent
	for r, err := range records.Records(ctx, bus.Search{Stream: events.StreamSuspensions, Filter: c.Subject()}) {
		if err != nil {
			return nil, err
		}
		p, err := events.Payload[events.Suspension](r.Event)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "a suspension event can not be read", err)
		}
		all = append(all, chainEvent{kind: r.Type, payload: p, step: ChainStep{
			Sequence: r.Sequence, StoredAt: r.Stored, Event: r.Type.What(), Cause: p.Cause, Actor: p.Actor,
			Reason: p.Reason, Detail: p.Detail, Generation: p.Generation, SecretVersion: p.SecretVersion,
			TerminatesAt: p.TerminatesAt, Previous: p.Previous,
		}})
	}
	return all, nil
}

func steps(chain []chainEvent) []ChainStep {
	all := make([]ChainStep, len(chain))
	for i, e := range chain {
		all[i] = e.step
	}
	return all
}
