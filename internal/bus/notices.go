package bus

import (
	"context"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Notices publishes what people should know and nothing is decided from.
type Notices struct{ bus *Bus }

// Notices gives the notices.
func (b *Bus) Notices() *Notices { return &Notices{b} }

// Notify publishes and waits until it is stored; once for each event id within the stream's duplicate
// window.
func (n *Notices) Notify(ctx context.Context, tenant string, e events.Event) error {
	data, err := e.Encode()
	if err != nil {
		return fault.Wrap(fault.Internal, "a notice could not be encoded", err)
	}
	_, err = n.bus.PublishEvent(ctx, events.NoticeSubject(tenant, e.Type), e.ID, data)
	return err
}
