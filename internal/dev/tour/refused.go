package tour

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"holdfast/events"
	"holdfast/internal/dev/witness"
)

// refused publishes what can not be handled.
func refused(ctx context.Context, s *stage) error {
	if err := s.malformed(ctx); err != nil {
		return err
	}
	return s.secretive(ctx)
}

// malformed sends a request with a kind of step that does not exist.
func (s *stage) malformed(ctx context.Context) error {
	r := s.request(crm)
	s.asked = s.asked[:len(s.asked)-1] // it never becomes one
	r.StepKind = "dance"
	seq, err := s.Publish(ctx, s.tenant, events.ActionRequested, r)
	if err != nil {
		return err
	}
	s.did("an action whose step_kind is no kind of step (%s %d)", events.StreamActions, seq)
	letter, _, err := s.awaitLetter(ctx, events.Origin{Stream: events.StreamActions, Sequence: seq})
	if err != nil {
		return err
	}
	if letter.Reason != "schema_violation" || letter.Field != "/data/step_kind" {
		return s.wrong("the dead letter says schema_violation at /data/step_kind", letter.Reason+" at "+letter.Field)
	}
	s.saw("dead letter: %s at %s: %s; the original is in it (%d bytes)", letter.Reason, letter.Field, letter.Detail, letter.OriginalBytes)
	s.fact("malformed", letter.Reason+" "+letter.Field)
	return nil
}

// secretive sends a connection with a password where only settings belong.
func (s *stage) secretive(ctx context.Context) error {
	canary := "canary-" + rand.Text()
	c := s.basicConnection("careless")
	settings, err := json.Marshal(map[string]string{"base_url": s.Places.Target + "/basic", "password": canary})
	if err != nil {
		return err
	}
	c.Settings = settings
	seq, err := s.Publish(ctx, s.tenant, events.ConnectionCreated, c)
	if err != nil {
		return err
	}
	s.did("a connection with its password in the event (%s %d)", events.StreamConnections, seq)
	letter, raw, err := s.awaitLetter(ctx, events.Origin{Stream: events.StreamConnections, Sequence: seq})
	if err != nil {
		return err
	}
	if letter.Reason != "secret_in_event" || !letter.Withheld || len(letter.Original) > 0 {
		return s.wrong("the dead letter says secret_in_event and withholds the original",
			fmt.Sprintf("%s, withheld: %t", letter.Reason, letter.Withheld))
	}
	if err := s.repeatsNothing(canary, raw); err != nil {
		return err
	}
	s.saw("dead letter: %s at %s; the value is in no event", letter.Reason, letter.Field)
	s.fact("secret", letter.Reason+" "+letter.Field)
	return s.awaitErased(ctx, seq)
}

func (s *stage) repeatsNothing(canary string, letter []byte) error {
	if bytes.Contains(letter, []byte(canary)) {
		return s.wrong("the dead letter does not repeat the secret", "it does")
	}
	for _, r := range s.w.Records() {
		if bytes.Contains(r.Raw, []byte(canary)) {
			return s.wrong("no event repeats the secret", describe(r))
		}
	}
	return nil
}

// awaitErased waits until the message is gone: the dead letter is stored first.
func (s *stage) awaitErased(ctx context.Context, seq uint64) error {
	err := s.until(ctx, "the message with the secret is erased from its stream", func(ctx context.Context) (bool, string) {
		held, err := s.w.Holds(ctx, events.StreamConnections, seq)
		if err != nil {
			return false, err.Error()
		}
		return !held, "it is still there"
	})
	if err == nil {
		s.saw("%s %d is erased", events.StreamConnections, seq)
	}
	return err
}

// awaitLetter waits for the dead letter of a message.
func (s *stage) awaitLetter(ctx context.Context, origin events.Origin) (letter events.DeadLetterData, raw []byte, err error) {
	err = s.await(ctx, fmt.Sprintf("%s %d becomes a dead letter", origin.Stream, origin.Sequence), func(records []witness.Record) bool {
		for _, r := range records {
			if !isDeadLetter(r) {
				continue
			}
			l, perr := events.Payload[events.DeadLetterData](r.Event)
			if perr == nil && l.Origin == origin {
				letter, raw = l, r.Raw
				return true
			}
		}
		return false
	})
	return letter, raw, err
}

func isDeadLetter(r witness.Record) bool {
	return r.Stream == events.StreamDeadLetters && r.Type == events.DeadLetter
}
