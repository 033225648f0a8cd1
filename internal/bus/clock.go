package bus

import (
	"context"
	"sync/atomic"
	"time"

	"holdfast/events"
)

// Clock is the bus's time: what the server says it is, carried on by this machine's monotonic clock.
// Workers' own clocks may be minutes apart.
type Clock struct {
	bus  *Bus
	last atomic.Pointer[reading]
	soon chan struct{}
}

// reading is one look at the server's clock.
type reading struct {
	local  time.Time // with its monotonic part: half way between asking and hearing
	server time.Time
}

const (
	clockEvery = time.Minute
	clockRetry = 2 * time.Second
	clockLooks = 3
)

func newClock(b *Bus) *Clock { return &Clock{bus: b, soon: make(chan struct{}, 1)} }

// Now is the bus's time; this machine's until the server was first asked.
func (c *Clock) Now() time.Time {
	r := c.last.Load()
	if r == nil {
		return time.Now().UTC()
	}
	return r.server.Add(time.Since(r.local)).UTC()
}

// Sync asks the server, some times, and believes the answer that came quickest.
func (c *Clock) Sync(ctx context.Context) error {
	s, err := c.bus.stream(ctx, events.StreamActions)
	if err != nil {
		return err
	}
	var best *reading
	shortest := time.Duration(-1)
	for range clockLooks {
		began := time.Now()
		var server time.Time
		err := c.bus.once(ctx, func(ctx context.Context) error {
			info, err := s.Info(ctx)
			if err == nil {
				server = info.TimeStamp
			}
			return err
		})
		if err != nil {
			return c.bus.failed("read the bus's clock", began, err)
		}
		if took := time.Since(began); !server.IsZero() && (shortest < 0 || took < shortest) {
			shortest, best = took, &reading{began.Add(took / 2), server}
		}
	}
	if best != nil {
		c.last.Store(best)
	}
	return nil
}

// refreshSoon asks for another look without waiting for it.
func (c *Clock) refreshSoon() {
	select {
	case c.soon <- struct{}{}:
	default:
	}
}

func (c *Clock) run() {
	for {
		every := clockEvery
		if c.Sync(c.bus.ctx) != nil {
			every = clockRetry
		}
		t := time.NewTimer(every)
		select {
		case <-c.bus.ctx.Done():
			t.Stop()
			return
		case <-c.soon:
		case <-t.C:
		}
		t.Stop()
	}
}
