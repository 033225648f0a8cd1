package bus

import (
	"context"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// Drain stops fetching, hands back at once what is not started, waits for running handlers until ctx ends,
// and then hands back what they have not finished. Messages handed back are delivered again at once,
// elsewhere. Calling it again gives the first call's result. Handlers that outlive ctx are told to stop by
// their context and have a moment to do so; what they say after that no longer counts.
func (s *Subscription) Drain(ctx context.Context) error {
	s.drain.Do(func() { s.drainErr = s.drainOnce(ctx) })
	return s.drainErr
}

// drainLanes bounds the wait for what the server has sent before it heard that we stop.
const (
	drainLanes = 2 * time.Second
	drainLook  = 2 * time.Millisecond
	drainGrace = 5 * time.Second // for handlers that were told to stop
)

func (s *Subscription) drainOnce(ctx context.Context) error {
	s.draining.Store(true)
	s.stopPulling()
	s.gate.open()
	s.pullers.Wait()
	s.closeLanes()
	s.work.close() // workers hand back what is not started
	done := make(chan struct{})
	go func() { s.workers.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	s.stopHandler()
	select { // an effect that has happened is still being written down
	case <-done:
	case <-time.After(drainGrace):
	}
	left := s.held.takeAll()
	for _, h := range left {
		s.send(h.reply, ackNak)
		s.clearSuspect(h)
	}
	s.bus.obs.HandedBack(s.spec.Durable, len(left))
	s.bus.obs.Held(s.spec.Durable, 0)
	close(s.beating)
	s.bus.log.Info().Str("durable", s.spec.Durable).Int("unfinished", len(left)).Msg("drained")
	if !s.bus.consume.IsConnected() {
		return fault.New(fault.BusUnavailable, "not connected: what was held comes again when it was silent for too long")
	}
	if err := s.bus.consume.FlushTimeout(flushTimeout); err != nil {
		return s.bus.failed("hand messages back", time.Now(), err)
	}
	return nil
}

// closeLanes returns when everything that the server sent has been received, and handed back.
func (s *Subscription) closeLanes() {
	began := time.Now()
	for _, l := range s.lanes {
		if l.close() != nil {
			continue // the connection is gone, and the subscription with it
		}
		for !l.closed() && time.Since(began) < drainLanes {
			pause.For(context.Background(), drainLook)
		}
		if !l.closed() {
			_ = l.sub.Unsubscribe() // not connected: nothing more can come
		}
	}
}

// handBack gives one message back, to be delivered again at once.
func (s *Subscription) handBack(h *held) {
	reply, n, ok := s.held.take(h)
	if !ok {
		return
	}
	s.send(reply, ackNak)
	s.free(h.slot)
	s.bus.obs.HandedBack(s.spec.Durable, 1)
	s.bus.obs.Held(s.spec.Durable, n)
}
