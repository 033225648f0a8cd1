package ops

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// States of a request beside its end and those of its suspension.
const (
	StateQueued  = "queued"  // no worker has noted anything about it
	StateStarted = "started" // a worker is at it, or was lost at it
)

// LedgerStep is one event of a request's ledger, as operators see it.
type LedgerStep struct {
	Sequence      uint64        `json:"sequence"` // in HF_OUTCOMES
	StoredAt      time.Time     `json:"stored_at"`
	Event         string        `json:"event"` // started, released, suspended, or the end
	Reason        string        `json:"reason,omitempty"`
	Detail        string        `json:"detail,omitempty"`
	Rule          string        `json:"rule,omitempty"`
	ActingUser    string        `json:"acting_user"`
	Account       string        `json:"account,omitempty"`
	Field         string        `json:"field,omitempty"`
	Cause         events.Cause  `json:"cause,omitempty"`
	Generation    uint64        `json:"generation"`
	SecretVersion int           `json:"secret_version"`
	Origin        events.Origin `json:"origin"`
}

// RequestView is what came of one request. What the target answered is left out: it is in the outcome.
type RequestView struct {
	Tenant     string       `json:"tenant"`
	Request    string       `json:"request_id"`
	Workflow   string       `json:"workflow_id"`
	Run        string       `json:"run_id"`
	Step       string       `json:"step_id"`
	Connection string       `json:"connection_id"`
	State      string       `json:"state"`
	Ended      bool         `json:"ended"`
	Ledger     []LedgerStep `json:"ledger"`
	Chain      []ChainStep  `json:"chain"` // empty: it was never suspended
	Advice     []string     `json:"advice,omitempty"`
}

// ShowRequest tells what came of a request so far: its ledger and its chain, in order, and what to do now.
func ShowRequest(ctx context.Context, looks Looks, secrets Secrets, tenant, request string) (RequestView, error) {
	w := Selection{Tenant: tenant, Request: request}
	if err := w.check(); err != nil {
		return RequestView{}, err
	}
	ledger, last, err := readLedger(ctx, looks, tenant, request)
	if err != nil {
		return RequestView{}, err
	}
	chain, err := readChain(ctx, looks, w.chain())
	if err != nil {
		return RequestView{}, err
	}
	v := RequestView{Tenant: tenant, Request: request, Ledger: ledger, Chain: steps(chain)}
	switch {
	case len(chain) > 0:
		p := chain[len(chain)-1].payload
		v.Workflow, v.Run, v.Step, v.Connection = p.Workflow, p.Run, p.Step, p.Connection
	case len(ledger) > 0:
		v.Workflow, v.Run, v.Step, v.Connection = last.outcome.Workflow, last.outcome.Run, last.outcome.Step, last.outcome.Connection
	default:
		return RequestView{}, problem(NotFound, "where it is: holdfast explain request "+request+" --tenant "+tenant,
			"nothing has come of request %s yet: it was never published, is a dead letter, or still waits for its turn", request)
	}
	err = v.judge(ctx, looks, last.kind, chain, secrets)
	return v, err
}

// entry is the last event of a ledger; the zero entry where there is none.
type entry struct {
	kind    events.Type
	outcome events.Outcome
}

func readLedger(ctx context.Context, records Records, tenant, request string) (all []LedgerStep, last entry, err error) {
	all = []LedgerStep{}
	for r, err := range records.Records(ctx, bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject(tenant, request)}) {
		if err != nil {
			return nil, entry{}, err
		}
		o, err := events.Payload[events.Outcome](r.Event)
		if err != nil {
			return nil, entry{}, fault.Wrap(fault.Internal, "a ledger's event can not be read", err)
		}
		last = entry{r.Type, o}
		all = append(all, LedgerStep{
			Sequence: r.Sequence, StoredAt: r.Stored, Event: r.Type.What(), Reason: o.Reason, Detail: o.Detail, Rule: o.Rule,
			ActingUser: o.ActingUser, Account: o.Account,
			Field: o.Field, Cause: o.Cause, Generation: o.Generation, SecretVersion: o.SecretVersion, Origin: o.Origin,
		})
	}
	return all, last, nil
}

// judge says how far the request is, and what to do about it.
func (v *RequestView) judge(ctx context.Context, looks Looks, last events.Type, chain []chainEvent, secrets Secrets) (err error) {
	var (
		moved chainEvent
		sets  []string
	)
	if len(chain) > 0 {
		moved = chain[len(chain)-1]
	}
	if moved.kind.Waits() {
		if sets, err = free(ctx, looks, secrets, moved.payload.Reason, v.Tenant, v.Connection); err != nil {
			return err
		}
	}
	at := Stand(last, moved.kind, sets)
	v.State, v.Ended, v.Advice = at.State, at.Ended, at.Advice
	return nil
}
