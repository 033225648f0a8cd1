package tour

import (
	"context"
	"fmt"
	"time"

	"holdfast/events"
)

// suspend changes the password behind Holdfast's back.
func suspend(ctx context.Context, s *stage) error {
	before, from := s.received(), len(s.w.Records())
	s.password = "changed-at-the-target"
	s.Target.SetPassword("demo", s.password)
	s.did("the target takes another password now; Vault still has the old one")
	first, err := s.askNew(ctx, crm, 1)
	if err != nil {
		return err
	}
	waiting, err := s.awaitSuspended(ctx, first[0], "bad_credentials")
	if err != nil {
		return err
	}
	if err := s.awaitNotice(ctx, events.ConnectionBroken, crm, from); err != nil {
		return err
	}
	tried := s.received() - before
	s.saw("%s suspended: %s, %s; terminates at %s (in %s)", first[0].ID, waiting.Reason, waiting.Detail,
		waiting.TerminatesAt.Format(time.RFC3339), waiting.TerminatesAt.Sub(waiting.SuspendedAt))
	s.saw("connection.broken, at secret version %d; the target was asked %d time(s) to find out", waiting.SecretVersion, tried)
	s.fact("asked_to_find_out", tried)
	return s.leftAlone(ctx)
}

// leftAlone shows that a connection that is known to be broken is not tried again.
func (s *stage) leftAlone(ctx context.Context) error {
	before := s.received()
	next, err := s.askNew(ctx, crm, 1)
	if err != nil {
		return err
	}
	if _, err = s.awaitSuspended(ctx, next[0], "bad_credentials"); err != nil {
		return err
	}
	if n := s.received() - before; n != 0 {
		return s.wrong("nothing is sent to the target for a connection that is known to be broken", fmt.Sprintf("%d request(s)", n))
	}
	s.saw("%s suspended at once; the target received nothing for it: no account is locked out", next[0].ID)
	s.fact("sent_to_the_target_once_broken", 0)
	return nil
}

// received is how many requests reached the part of the target that wants a password.
func (s *stage) received() int {
	n := 0
	for _, times := range s.Target.Calls()["basic"] {
		n += times
	}
	return n
}
