package bus

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// retried is what a message's headers say of the dead letter that it is another try of.
type retried struct {
	letter      uint64 // its sequence in HF_DEADLETTERS; 0: it is the first try
	tries       int    // how often it has failed before
	firstStored time.Time
}

// triesMost is more than anybody retries.
const triesMost = 1_000_000

// retriedBy reads the headers; whoever may publish can write them, so what makes no sense counts for nothing.
func retriedBy(d dispatch.Delivery) retried {
	text := d.Get(events.HeaderRetryOf)
	if text == "" { // every message comes through here
		return retried{firstStored: d.Time}
	}
	letter, err := strconv.ParseUint(text, 10, 64)
	if err != nil || letter == 0 {
		return retried{firstStored: d.Time}
	}
	tries, err := strconv.Atoi(d.Get(events.HeaderTries))
	if err != nil || tries < 1 || tries > triesMost {
		tries = 1
	}
	return retried{letter: letter, tries: tries, firstStored: dispatch.FirstStored(d)}
}

// handledAgain tells what came of a message that is another try of a dead letter; nothing of any other. Doing it again
// stores nothing more.
func (b *Bus) handledAgain(ctx context.Context, d dispatch.Delivery, outcome string) error {
	return b.answered(ctx, d, events.DeadLetterAnswer{Outcome: cmp.Or(outcome, "handled")})
}

// failedAgain is handledAgain where it became the dead letter next.
func (b *Bus) failedAgain(ctx context.Context, d dispatch.Delivery, why fault.Reason, next uint64) error {
	return b.answered(ctx, d, events.DeadLetterAnswer{Outcome: events.AnswerDeadLetter, Reason: string(why), Next: next})
}

func (b *Bus) answered(ctx context.Context, d dispatch.Delivery, a events.DeadLetterAnswer) error {
	of := retriedBy(d).letter
	if of == 0 {
		return nil
	}
	a.Tenant, a.Letter, a.Origin = tenantOf(d.Subject), of, events.Origin{Stream: d.Stream, Sequence: d.Sequence}
	e, err := events.New(events.DeadLetterAnswered, b.clock.Now(), a)
	if err != nil {
		return fault.Wrap(fault.Internal, "the answer to a retried dead letter could not be encoded", err)
	}
	e.ID = "answered-" + d.Stream + "-" + strconv.FormatUint(d.Sequence, 10)
	data, err := e.Encode()
	if err != nil {
		return fault.Wrap(fault.Internal, "the answer to a retried dead letter could not be encoded", err)
	}
	_, err = b.PublishEvent(ctx, events.DeadLetterActs(a.Tenant, of), e.ID, data)
	return err
}
