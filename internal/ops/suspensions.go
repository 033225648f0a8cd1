package ops

import (
	"cmp"
	"context"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// States of a suspension.
const (
	StateWaiting    = "waiting"
	StateResumed    = "resumed"
	StateTerminated = "terminated"
)

// SuspensionView is the last event of one chain, as operators see it.
type SuspensionView struct {
	Tenant        string       `json:"tenant"`
	Connection    string       `json:"connection_id"`
	Run           string       `json:"run_id"`
	Request       string       `json:"request_id"`
	Workflow      string       `json:"workflow_id"`
	Step          string       `json:"step_id"`
	State         string       `json:"state"` // waiting, resumed or terminated
	Event         string       `json:"event"` // suspended, extended, resumed or terminated
	Reason        string       `json:"reason"`
	Detail        string       `json:"detail,omitempty"`
	SuspendedAt   time.Time    `json:"suspended_at"`
	TerminatesAt  time.Time    `json:"terminates_at"`
	Cause         events.Cause `json:"cause,omitempty"`
	Actor         string       `json:"actor,omitempty"`
	Generation    uint64       `json:"generation"`
	SecretVersion int          `json:"secret_version"`
	Sequence      uint64       `json:"sequence"`
	Previous      uint64       `json:"previous_sequence"`
	StoredAt      time.Time    `json:"stored_at"`
	Advice        []string     `json:"advice,omitempty"` // waiting: what to do now
	Chain         []ChainStep  `json:"chain,omitempty"`  // show only: every event, in order
}

// Selection names suspensions; empty members stand for any.
type Selection struct {
	Tenant, Connection, Run, Request string
	// Ended includes those that do not wait any more.
	Ended bool
}

// chain is the chain that is meant, "*" standing for any.
func (s Selection) chain() events.Chain {
	return events.Chain{Tenant: cmp.Or(s.Tenant, "*"), Connection: cmp.Or(s.Connection, "*"),
		Run: cmp.Or(s.Run, "*"), Request: cmp.Or(s.Request, "*")}
}

// check refuses ids that would change which subjects are meant.
func (s Selection) check() error {
	for _, id := range []string{s.Tenant, s.Connection, s.Run, s.Request} {
		if id != "" && !events.ValidID(id) {
			return problem(Unclear, "", "an id is not valid: %s", events.ErrBadID)
		}
	}
	return nil
}

// ListSuspensions gives what matches, those that end first at the top.
func ListSuspensions(ctx context.Context, chains Chains, secrets Secrets, s Selection) ([]SuspensionView, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var views []SuspensionView
	for r, err := range chains.Each(ctx, s.chain().Subject()) {
		if err != nil {
			return nil, err
		}
		if !s.Ended && !r.Type.Waits() {
			continue
		}
		v, err := viewSuspension(r, secrets)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	slices.SortFunc(views, func(a, b SuspensionView) int {
		return cmp.Or(a.TerminatesAt.Compare(b.TerminatesAt), cmp.Compare(a.Request, b.Request))
	})
	return views, nil
}

// ShowSuspension gives the one suspension that matches, ended or not, with its whole chain.
func ShowSuspension(ctx context.Context, chains Chains, looks Looks, secrets Secrets, s Selection) (SuspensionView, error) {
	s.Ended = true
	found, err := ListSuspensions(ctx, chains, secrets, s)
	switch {
	case err != nil:
		return SuspensionView{}, err
	case len(found) == 0:
		return SuspensionView{}, problem(NotFound, "holdfast suspensions list --all",
			"request %s has never been suspended", s.Request)
	case len(found) > 1:
		return SuspensionView{}, problem(Unclear, "add --tenant or --connection; holdfast suspensions list --all",
			"%d suspensions belong to requests called %s", len(found), s.Request)
	}
	v := found[0]
	chain, err := readChain(ctx, looks, v.chain())
	v.Chain = steps(chain)
	if err != nil || v.State != StateWaiting {
		return v, err
	}
	v.Advice, err = free(ctx, looks, secrets, v.Reason, v.Tenant, v.Connection)
	return v, err
}

// free looks at a connection, and says what sets a run free that was suspended for a reason.
func free(ctx context.Context, looks Looks, secrets Secrets, reason, tenant, connection string) ([]string, error) {
	e, _, err := looks.Connection(ctx, tenant, connection)
	if err != nil {
		return nil, err
	}
	var owners []string
	if e != nil {
		owners = e.Owners
	}
	return secrets.Advice(fault.Reason(reason), tenant, connection, owners), nil
}

func viewSuspension(r events.ChainRecord, secrets Secrets) (SuspensionView, error) {
	p, err := events.Payload[events.Suspension](r.Event)
	if err != nil {
		return SuspensionView{}, fault.Wrap(fault.Internal, "a suspension event can not be read", err)
	}
	v := SuspensionView{
		Tenant: r.Chain.Tenant, Connection: r.Chain.Connection, Run: r.Chain.Run, Request: r.Chain.Request,
		Workflow: p.Workflow, Step: p.Step, State: chainState(r.Type), Event: r.Type.What(),
		Reason: p.Reason, Detail: p.Detail, SuspendedAt: p.SuspendedAt, TerminatesAt: p.TerminatesAt,
		Cause: p.Cause, Actor: p.Actor, Generation: p.Generation, SecretVersion: p.SecretVersion,
		Sequence: r.Sequence, Previous: p.Previous, StoredAt: r.Stored,
	}
	if r.Type.Waits() {
		v.Advice = secrets.Advice(fault.Reason(p.Reason), v.Tenant, v.Connection, nil)
	}
	return v, nil
}

func chainState(t events.Type) string {
	switch {
	case t.Waits():
		return StateWaiting
	case t == events.SuspensionTerminated:
		return StateTerminated
	default:
		return StateResumed
	}
}
