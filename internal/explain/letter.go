package explain

import (
	"context"
	"fmt"

	"holdfast/events"
	"holdfast/internal/bus"
)

// isAct tells whether something was done with a dead letter.
func isAct(t events.Type) bool {
	return t == events.DeadLetterRetried || t == events.DeadLetterDropped || t == events.DeadLetterAnswered
}

// act reads what was done with a dead letter, or what came of that.
func (e *Entry) act(r bus.Stored) error {
	if r.Type == events.DeadLetterAnswered {
		p, err := events.Payload[events.DeadLetterAnswer](r.Event)
		e.Letter, e.Reason, e.origin = p.Letter, p.Reason, p.Origin
		e.Text = replied(p)
		return err
	}
	p, err := events.Payload[events.DeadLetterAct](r.Event)
	e.Letter, e.Actor, e.Why = p.Letter, p.Actor, p.Why
	if p.Published != nil {
		e.origin = *p.Published
	}
	e.Text = dealt(r.Type, p)
	return err
}

// about is the act as one on a letter of the story.
func (e Entry) about(letter Entry) Entry {
	e.Connection, e.Workflow, e.Run, e.Step, e.Request = letter.Connection, letter.Workflow, letter.Run, letter.Step, letter.Request
	return e
}

func dealt(t events.Type, a events.DeadLetterAct) string {
	what := "retried"
	switch {
	case t == events.DeadLetterDropped:
		what = "dropped"
	case a.Edited:
		what = "corrected and published again"
	}
	return fmt.Sprintf("dead letter %d %s%s%s", a.Letter, what, by(a.Actor), reasoned(a.Why))
}

func replied(a events.DeadLetterAnswer) string {
	text := fmt.Sprintf("dead letter %d, tried again: ", a.Letter)
	if a.Outcome != events.AnswerDeadLetter {
		return text + a.Outcome
	}
	return text + fmt.Sprintf("failed again, as dead letter %d: %s", a.Next, a.Reason)
}

// saidBefore tells whether an act says what another one said: a retry is noted before its message is published, and with
// where that is afterwards.
func (s *Story) saidBefore(e Entry) bool {
	t := s.about[e.Request]
	if e.kind != events.DeadLetterRetried || t == nil || t.dealt.kind != e.kind || t.dealt.Letter != e.Letter {
		return false
	}
	t.origin(e.origin)
	t.dealt.origin = e.origin
	return true
}

// failed notes that the request's message became a dead letter: the last one counts.
func (t *thread) failed(e Entry) {
	t.origin(e.origin)
	if t.letter.kind == "" || !e.At.Before(t.letter.At) {
		t.letter, t.dealt = e, Entry{}
	}
}

// deal notes what was done with the request's last dead letter.
func (t *thread) deal(e Entry) {
	t.origin(e.origin)
	if e.Letter == t.letter.Sequence {
		t.dealt = e
	}
}

// earlierTries adds the dead letters that requests of the story are another try of, and the messages that these were.
// The headers that say so are the publisher's: no more follows from them than a line.
func (t *teller) earlierTries(ctx context.Context) error {
	for i := 0; i < len(t.story.Entries); i++ { //nolint:intrange // more are added on the way
		e := t.story.Entries[i]
		if e.retryOf == 0 || e.DoneAgainAs != "" || t.story.letters[e.retryOf].kind != "" {
			continue
		}
		letter, err := t.entryAt(ctx, events.StreamDeadLetters, events.DeadLetterSubject(t.story.Tenant, "*"), e.retryOf)
		if err != nil {
			return err
		}
		if letter == nil || letter.kind != events.DeadLetter {
			continue
		}
		letter.Request = e.Request // of a corrected message, the old one may be unreadable, or name another
		t.story.add(*letter)
		if err := t.originals(ctx, t.story.about[e.Request]); err != nil {
			return err
		}
	}
	return nil
}

// standLetter is about a request whose message could not be handled, as far as there is no more to say; false where it
// is tried again.
func (t *teller) standLetter(e Entry, th *thread) (Entry, bool) {
	if th.letter.kind == "" || th.dealt.kind == events.DeadLetterRetried {
		return e, false
	}
	if th.givenUp() {
		return standGivenUp(e, th), true
	}
	if th.ledger.kind != "" || th.chain.kind != "" {
		return e, false
	}
	e.State, e.Ended, e.Reason = StateDeadLetter, true, th.letter.Reason
	e.Text = "it could not be handled, and will not be tried again: " + because(th.letter.Reason, th.letter.Detail)
	what := "the message, and how to publish it again, corrected"
	if th.dealt.kind != "" {
		e.Text += "; " + th.dealt.Text
		what = "the message, and what was done with it"
	}
	e.Advice = []string{fmt.Sprintf("holdfast deadletters show %d   # %s", th.letter.Sequence, what)}
	return e, true
}

// givenUp tells whether workers gave up the last event of the request's chain, or the command to handle it again.
func (t *thread) givenUp() bool {
	switch t.chain.kind {
	case events.SuspensionResumed, events.SuspensionTerminated:
		o := t.letter.origin
		return o == events.Origin{Stream: events.StreamSuspensions, Sequence: t.chain.Sequence} || t.letter.givenUp == t.chain.Sequence
	default:
		return false
	}
}

// standGivenUp is about a request whose chain moved and whose move was given up: it stays so until somebody asks for
// another try, even where the letter was dropped.
func standGivenUp(e Entry, th *thread) Entry {
	e.State, e.Ended, e.Reason = StateDeadLetter, true, th.letter.Reason
	e.Text = fmt.Sprintf("it was %s, and workers gave that up: %s; nothing else takes it up", th.chain.kind.What(),
		because(th.letter.Reason, th.letter.Detail))
	if th.dealt.kind == events.DeadLetterDropped {
		e.Text += "; " + th.dealt.Text
	}
	e.Advice = []string{fmt.Sprintf("holdfast deadletters retry %d   # once what stopped it is repaired", th.letter.Sequence)}
	return e
}
