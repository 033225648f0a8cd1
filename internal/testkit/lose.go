package testkit

import (
	"context"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Lose answers what a durable has to be given, n messages, as if it had been handled: nothing comes of it.
func Lose(ctx context.Context, url, stream, durable string, n int, login ...nats.Option) error {
	nc, err := nats.Connect(url, login...)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	c, err := js.Consumer(ctx, stream, durable)
	if err != nil {
		return err
	}
	for lost := 0; lost < n; {
		batch, err := c.Fetch(n - lost)
		if err != nil {
			return err
		}
		for m := range batch.Messages() {
			if err := m.DoubleAck(ctx); err != nil {
				return err
			}
			lost++
		}
		if batch.Error() != nil {
			return batch.Error()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
