package tour

import (
	"context"
	"time"

	"holdfast/events"
)

// rotate writes the new password to Vault, as its administrator does, and tells nobody.
func rotate(ctx context.Context, s *stage) error {
	from := len(s.w.Records())
	waiting := s.waitingOn(crm)
	began := time.Now()
	version, err := s.Vault.Put(ctx, s.tenant, crm, s.basicSecret())
	if err != nil {
		return err
	}
	s.did("the new password to Vault: a KV write, version %d; no event, no restart", version)
	if err := s.awaitNotice(ctx, events.ConnectionRestored, crm, from); err != nil {
		return err
	}
	s.saw("connection.restored %s after the write", took(time.Since(began)))
	if err := s.awaitEnds(ctx, waiting, events.ActionCompleted); err != nil {
		return err
	}
	whole := time.Since(began)
	for _, r := range waiting {
		if got := types(chain(s.w.Records(), r)); got != "suspended, resumed" {
			return s.wrong("the chain of "+r.ID+" is suspended, resumed", got)
		}
		s.saw("%s resumed and completed", r.ID)
	}
	s.saw("%s from the write to the last completion", took(whole))
	s.fact("write_to_completion_ms", whole.Milliseconds())
	s.fact("resumed", len(waiting))
	return nil
}

// waitingOn are the tour's requests on a connection that have no end yet.
func (s *stage) waitingOn(connection string) []events.Request {
	var found []events.Request
	for _, r := range s.asked {
		if r.Connection == connection && len(ends(ledger(s.w.Records(), s.tenant, r.ID))) == 0 {
			found = append(found, r)
		}
	}
	return found
}
