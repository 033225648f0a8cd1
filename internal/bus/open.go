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
	var answered uint64
	err = b.try(ctx, "look at "+stream, func(ctx context.Context) error {
		c, err := s.Consumer(ctx, durable)
		if err == nil {
			answered = c.CachedInfo().AckFloor.Stream
		}
		return err
	})
	if missing(err) { // nobody answers anything
		return nil, nil
	}
	if err != nil || answered >= stored {
		return nil, err
	}
	return b.nextOf(ctx, stream, tenant, answered+1)
}

// nextOf is a tenant's first message from a sequence on; nil where there is none.
func (b *Bus) nextOf(ctx context.Context, stream, tenant string, from uint64) (m *jetstream.RawStreamMsg, err error) {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	err = b.try(ctx, "look at "+stream, func(ctx context.Context) error {
		m, err = s.GetMsg(ctx, from, jetstream.WithGetMsgSubject(events.OfTenant(tenant)))
		return err
	})
	if missing(err) {
		return nil, nil
	}
	return m, err
}

// lastOf is the last sequence of a stream, as its leader has it.
func (b *Bus) lastOf(ctx context.Context, stream string) (uint64, error) {
	s, err := b.State(ctx, stream)
	return s.Last, err
}
