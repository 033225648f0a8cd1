package handlers

import (
	"context"
	"iter"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/fault"
)

// Sight is what a Foreseer looks at. Nothing can be written through it.
type Sight struct {
	// Journal reads ledgers and chains.
	Journal  Lasts
	Registry interface {
		Get(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
		Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
	}
	Facts interface {
		Get(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error)
		Fresh(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error)
	}
	Names interface {
		Claimed(ctx context.Context, tenant, key string) (connection.Claim, uint64, error)
	}
	Runs interface{ Terminated(tenant, run string) bool }

	Permissions Permissions
	Clock       Clock
	Types       Types
	Connectors  Connectors
}

// Lasts gives the last record of a ledger or a chain; the zero Record where there is none.
type Lasts interface {
	Last(ctx context.Context, subject string) (events.Record, error)
}

// ports are a worker's, on what s sees and n notes.
func (s Sight) ports(n *note) Ports {
	return Ports{
		Journal: seenJournal{s.Journal, n}, Registry: seenRegistry{s, n}, Facts: seenFacts{s, n}, Names: seenNames{s},
		Runs: seenRuns{s}, Permissions: s.Permissions, Clock: s.Clock, Types: s.Types, Connectors: seenConnectors{s, n},
		Notices: notedNotices{n}, Timers: noTimers{}, Leases: noLeases{}, Secrets: supposedSecrets{n},
		Auth: supposedLogin{}, Grants: noGrants{}, Observer: noObserver{},
	}
}

type seenJournal struct {
	look Lasts
	*note
}

func (j seenJournal) Last(ctx context.Context, subject string) (events.Record, error) {
	_, chain := events.ParseChain(subject)
	ledger := !chain
	if ledger && j.ledger != nil {
		return *j.ledger, nil
	}
	r, err := j.look.Last(ctx, subject)
	if err == nil && ledger {
		j.ledger = &r
	}
	return r, err
}

func (j seenJournal) Append(_ context.Context, _ string, after uint64, e events.Event) (uint64, error) {
	j.appended = append(j.appended, e)
	return after + 1, nil
}

func (seenJournal) Each(context.Context, string) iter.Seq2[events.ChainRecord, error] {
	return func(func(events.ChainRecord, error) bool) {}
}

func (seenJournal) Answered(context.Context, uint64) (bool, error) { return true, nil }

type seenRegistry struct {
	Sight
	*note
}

func (r seenRegistry) Get(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	e, rev, err := r.Registry.Get(ctx, tenant, id)
	r.entry = e
	return e, rev, err
}

func (r seenRegistry) Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	first := r.about(Concern{tenant, "connection", id})
	if r.only {
		return nil, 0, errOnlyAsked
	}
	e, rev, err := r.Registry.Fresh(ctx, tenant, id)
	if r.entry = e; e != nil && first {
		r.live = e.Sequence
	}
	return e, rev, err
}

func (r seenRegistry) Current(ctx context.Context, tenant, id string) (*connection.Entry, error) {
	e, _, err := r.Get(ctx, tenant, id)
	return e, err
}

func (r seenRegistry) Put(context.Context, *connection.Entry, uint64) (uint64, error) {
	r.stored = true
	return 1, nil
}

func (seenRegistry) Settled(context.Context, string, uint64) (bool, error) { return true, nil }
func (seenRegistry) Drop(context.Context, string, string, uint64) error    { return nil }
func (seenRegistry) All() iter.Seq[*connection.Entry]                      { return func(func(*connection.Entry) bool) {} }
func (r seenRuns) Terminated(tenant, run string) bool                      { return r.Runs.Terminated(tenant, run) }
func (seenRuns) Terminate(context.Context, string, string) error           { return nil }
func (seenNames) Claim(context.Context, string, string, connection.Claim, uint64) (uint64, error) {
	return 1, nil
}
func (seenNames) Release(context.Context, string, string, uint64) error { return nil }
func (n seenNames) Claimed(ctx context.Context, tenant, key string) (connection.Claim, uint64, error) {
	return n.Names.Claimed(ctx, tenant, key)
}

type (
	seenRuns  struct{ Sight }
	seenNames struct{ Sight }
)

type seenFacts struct {
	Sight
	*note
}

func (f seenFacts) Get(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error) {
	return f.Facts.Get(ctx, tenant, kind, id)
}

func (f seenFacts) Fresh(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error) {
	first := f.about(Concern{tenant, string(kind), id})
	if f.only {
		return events.Fact{}, 0, errOnlyAsked
	}
	v, rev, err := f.Facts.Fresh(ctx, tenant, kind, id)
	if first {
		f.live = v.Sequence
	}
	return v, rev, err
}

func (f seenFacts) Put(context.Context, events.Fact, uint64) (uint64, error) {
	f.stored = true
	return 1, nil
}

// Known is now: whoever foresees has read all facts.
func (f seenFacts) Known() time.Time { return f.Clock.Now() }

func (r seenRegistry) Known() time.Time { return r.Clock.Now() }

func (seenFacts) Settled(context.Context, string, time.Time) error    { return nil }
func (seenFacts) SettledBefore(context.Context, string, uint64) error { return nil }

// seenConnectors check what they are given, as a worker's do, and execute nothing.
type seenConnectors struct {
	Sight
	*note
}

func (c seenConnectors) Lookup(name string) (connector.Connector, bool) {
	real, ok := c.Connectors.Lookup(name)
	if records, has := real.(connector.Records); has {
		return checkingRecords{records, c.note}, ok
	}
	return checkingConnector{real, c.note}, ok
}

type checkingRecords struct {
	connector.Records
	*note
}

// Execute would be the action, or a look at the record that it changes: what comes of that can not be foreseen.
func (c checkingRecords) Execute(context.Context, connector.Request) (connector.Result, error) {
	c.executed = true
	return connector.Result{}, nil
}

func (checkingRecords) Test(context.Context, connector.Request) error { return connector.ErrNoTest }

type checkingConnector struct {
	connector.Connector
	*note
}

func (c checkingConnector) Execute(context.Context, connector.Request) (connector.Result, error) {
	c.executed = true
	return connector.Result{}, nil
}

func (checkingConnector) Test(context.Context, connector.Request) error { return connector.ErrNoTest }

// about notes what a message is about: a change looks at what it changes first. It tells whether that is news.
func (n *note) about(c Concern) bool {
	if n.concern != (Concern{}) {
		return false
	}
	n.concern = c
	return true
}

// errOnlyAsked ends a handler of which no more was asked.
var errOnlyAsked error = fault.New(fault.Internal, "only what the message is about was asked")
