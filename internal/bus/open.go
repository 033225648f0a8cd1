package bus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// firstOpen is a tenant's first message that the workers of a durable may not have answered: the first behind all
// that was answered without a gap; nil where there is none. Other tenants' messages do not count, and hold a tenant
// up no longer than its own that came behind one of them. How many a consumer has pending is not asked: it learns
// of a message a moment after the stream has confirmed it.
func (b *Bus) firstOpen(ctx context.Context, stream, durable, tenant string) (first *jetstream.RawStreamMsg, err error) {
	stored, err := b.lastOf(ctx, stream)
	if err != nil {
		return nil, err
	}
	s, err := b.stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	err = b.try(ctx, "look at "+stream, func(ctx context.Context) error {
		c, err := s.Consumer(ctx, durable)
		if err != nil {
			return err
		}
		if answered := c.CachedInfo().AckFloor.Stream; answered < stored {
			first, err = s.GetMsg(ctx, answered+1, jetstream.WithGetMsgSubject(events.OfTenant(tenant)))
		}
		return err
	})
	if missing(err) { // nothing of the tenant's, or it was answered meanwhile, and is gone
		return nil, nil
	}
	return first, err
}

// lastOf is the last sequence of a stream, as its leader has it.
func (b *Bus) lastOf(ctx context.Context, stream string) (sequence uint64, err error) {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	err = b.try(ctx, "look at "+stream, func(ctx context.Context) error {
		info, err := s.Info(ctx)
		if err == nil {
			sequence = info.State.LastSeq
		}
		return err
	})
	return sequence, err
}
