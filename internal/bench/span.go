package bench

import (
	"context"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/pause"
)

// span is from when a consumer was given its first message to when it had acknowledged all: as the server
// tells it, for either side alike.
type span struct {
	began, ended time.Time
	cpu          time.Duration // of this process and the server; 0: unknown
}

func (s span) took() time.Duration { return s.ended.Sub(s.began) }

func (s span) rate(n int) float64 { return float64(n) / s.took().Seconds() }

// cost is the processor time for each of n, in microseconds.
func (s span) cost(n int) float64 { return float64(s.cpu.Microseconds()) / float64(n) }

// by is how much more one span used of something than another; 0 where it is not known.
func by(one, other time.Duration) float64 {
	if other == 0 {
		return 0
	}
	return float64(one) / float64(other)
}

// settled waits until a durable consumer has been given n messages and nothing is left, not even unacknowledged.
// Start it before the consumer gets anything to do.
func (s *stand) settled(ctx context.Context, stream, durable string, n int) (sp span, err error) {
	c, err := s.js.Consumer(ctx, stream, durable)
	if err != nil {
		return sp, fmt.Errorf("look at consumer %s: %w", durable, err)
	}
	before := time.Now()
	bar := s.progress.step(durable, n)
	defer bar.done()
	err = pause.Until(ctx, lookEvery, func() (bool, error) {
		asked := time.Now()
		info, err := c.Info(ctx)
		if err != nil {
			return false, fmt.Errorf("look at consumer %s: %w", durable, err)
		}
		if sp.began.IsZero() && info.Delivered.Consumer > 0 {
			sp.began = before
		}
		before, sp.ended = asked, time.Now()
		bar.at(n - int(info.NumPending) - info.NumAckPending)
		return info.Delivered.Consumer >= uint64(n) && info.NumPending == 0 && info.NumAckPending == 0, nil
	})
	return sp, err
}

// spanOf measures what run does to the requests' consumer, which has n. run starts the consuming side and gives what
// stops it.
func (s *stand) spanOf(ctx context.Context, n int, run func() (stop func() error, err error)) (sp span, err error) {
	type seen struct {
		span
		err error
	}
	looking, cancel := context.WithCancel(ctx)
	defer cancel()
	result := make(chan seen, 1)
	go func() {
		sp, err := s.settled(looking, events.StreamActions, bus.DurableActions, n)
		result <- seen{sp, err}
	}()
	before := s.cpu()
	stop, err := run()
	if err != nil {
		cancel()
		<-result
		return sp, err
	}
	got := <-result
	got.cpu = s.cpu() - before
	if err := stop(); err != nil {
		return sp, err
	}
	return got.span, got.err
}
