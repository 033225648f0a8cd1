package handlers

import (
	"context"
	"testing"

	"holdfast/events"
)

// lasts holds one record on every subject: the subject is its id.
type lasts struct{}

func (lasts) Last(_ context.Context, subject string) (events.Record, error) {
	return events.Record{Event: events.Event{ID: subject}}, nil
}

// A chain is none of the ledger, whatever its tenant, connection, run and request are called.
func TestO2_AChainIsNotTakenForTheLedger(t *testing.T) {
	ledger := events.Record{Event: events.Event{ID: "the ledger"}}
	j := seenJournal{lasts{}, &note{ledger: &ledger}}
	for subject, want := range map[string]string{
		events.LedgerSubject("outcome", "suspension"):                                           "the ledger",
		events.Chain{Tenant: "acme", Connection: "outcome", Run: "r", Request: "q"}.Subject():   "hf.acme.suspension.outcome.r.q",
		events.Chain{Tenant: "acme", Connection: "crm", Run: "outcome", Request: "q"}.Subject(): "hf.acme.suspension.crm.outcome.q",
	} {
		if r, err := j.Last(t.Context(), subject); err != nil || r.ID != want {
			t.Errorf("%s: %q, %v", subject, r.ID, err)
		}
	}
}
