package ops

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// StateStarted is a request that a worker is at, or was lost at.
const StateStarted = "started"

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
func ShowRequest(ctx context.Context, records Records, secrets Secrets, tenant, request string) (RequestView, error) {
	w := Selection{Tenant: tenant, Request: request}
	if err := w.check(); err != nil {
		return RequestView{}, err
	}
	ledger, last, err := readLedger(ctx, records, tenant, request)
	if err != nil {
		return RequestView{}, err
	}
	chain, err := readChain(ctx, records, w.chain())
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
		return RequestView{}, problem(NotFound, "holdfast deadletters list --tenant "+tenant,
			"nothing has come of request %s yet: it was never published, is a dead letter, or still waits for its turn", request)
	}
	v.judge(last.kind, chain, secrets)
	return v, nil
}

// entry is the last event of a ledger; the zero entry where there is none.
type entry struct {
	kind    events.Type
	outcome events.Outcome
}

func readLedger(ctx context.Context, records Records, tenant, request string) (all []LedgerStep, last entry, err error) {
	all = []LedgerStep{}
	for r, err := range records.Records(ctx, events.StreamOutcomes, events.LedgerSubject(tenant, request), 0) {
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
func (v *RequestView) judge(last events.Type, chain []chainEvent, secrets Secrets) {
	var moved chainEvent
	if len(chain) > 0 {
		moved = chain[len(chain)-1]
	}
	switch {
	case last == events.ActionUnknown:
		v.State, v.Ended = last.What(), true
		v.Advice = []string{"look at the target whether it happened; if it did not, publish the request again under a new request_id"}
	case last.Ends():
		v.State, v.Ended = last.What(), true
		if last != events.ActionCompleted {
			v.Advice = []string{"this request has ended; to do it after all, publish it again under a new request_id"}
		}
	case moved.kind.Waits():
		v.State, v.Advice = StateWaiting, secrets.advice(fault.Reason(moved.payload.Reason), v.Tenant, v.Connection)
	case moved.kind == events.SuspensionTerminated:
		v.State, v.Advice = StateTerminated, []string{"a worker has yet to publish the outcome: holdfast healthcheck, on a worker"}
	case moved.kind == events.SuspensionResumed && last != events.ActionStarted:
		v.State, v.Advice = StateResumed, []string{"it waits for a worker to run it again: holdfast healthcheck, on a worker"}
	default:
		v.State = StateStarted
		v.Advice = []string{"a worker is at it; where that one was lost, another takes over after worker.ack_wait"}
	}
}
