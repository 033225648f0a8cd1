package letters

import (
	"context"
	"errors"
	"sync"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Desk is where operators work on dead letters.
type Desk struct {
	Records  ops.Records
	Journal  ops.Journal
	Messages ops.Messages
	Checker  *ops.Checker
	Clock    ops.Clock
	// Registry and Facts are asked for where a letter needs them, Facts once.
	Registry func() ops.Registry
	Facts    func(context.Context) (ops.FactStore, error)
	// Permissions tell under which fact an assignment is kept.
	Permissions func(context.Context) (*permission.Snapshots, error)

	facts ops.FactStore
}

// NewDesk is one on an operator's session.
func NewDesk(s *ops.Session) (*Desk, error) {
	checker, err := ops.NewChecker(s.Clock())
	if err != nil {
		return nil, err
	}
	return &Desk{
		Records: s.Records(), Journal: s.Journal(), Messages: s.Messages(), Checker: checker, Clock: s.Clock(),
		Registry: sync.OnceValue(s.Registry), Facts: s.FactStore,
		Permissions: s.Permissions,
	}, nil
}

// acts is what was done with a letter: its last record tells, unless that is an answer, which counts only behind a
// retry.
func (d *Desk) acts(ctx context.Context, v View) (done, error) {
	subject := events.DeadLetterActs(v.Tenant, v.Sequence)
	last, err := d.Journal.Last(ctx, subject)
	if err != nil || last.Sequence == 0 {
		return done{}, err
	}
	if last.Type != events.DeadLetterAnswered {
		return done{}.next(last), nil
	}
	var all done
	for r, err := range d.Records.Records(ctx, bus.Search{Stream: events.StreamDeadLetters, Filter: subject}) {
		if err != nil {
			return done{}, err
		}
		all = all.next(r.Record)
	}
	return all, nil
}

// openFacts reads users, places and processes once.
func (d *Desk) openFacts(ctx context.Context) (f ops.FactStore, err error) {
	if d.facts == nil {
		d.facts, err = d.Facts(ctx)
	}
	return d.facts, err
}

func notFound(err error) bool {
	p, ok := errors.AsType[*ops.Problem](err)
	return ok && p.Kind == ops.NotFound
}
