package bus

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Lag is how much all workers of a durable together have not answered.
type Lag struct {
	Consumer    string
	Pending     uint64        // not delivered yet
	AckPending  int           // delivered and not answered, delayed ones included
	Redelivered int           // of those, delivered more than once
	Most        int           // AckPending that the server allows; 0: no bound
	Oldest      time.Duration // age of the first that is not answered; 0: there is none
}

// lags remembers where the age may not be looked up.
type lags struct {
	mu     sync.Mutex
	denied map[string]time.Time // by stream
}

// deniedFor is how long a look that the server's permissions refused is not tried again: each refusal takes a worker's
// readiness away for a minute.
const deniedFor = time.Hour

// Lag asks the server about a durable: one request, and a second one for the age where something is not answered.
func (b *Bus) Lag(ctx context.Context, d Durable) (Lag, error) {
	began := time.Now()
	var info *jetstream.ConsumerInfo
	err := b.once(ctx, func(ctx context.Context) error {
		c, err := b.js.Consumer(ctx, d.Stream, d.Name)
		if err == nil {
			info = c.CachedInfo()
		}
		return err
	})
	if err != nil {
		return Lag{}, b.failed("look at consumer "+d.Stream+"/"+d.Name, began, err)
	}
	l := Lag{Consumer: d.Name, Pending: info.NumPending, AckPending: info.NumAckPending,
		Redelivered: info.NumRedelivered, Most: max(info.Config.MaxAckPending, 0)}
	if l.Pending > 0 || l.AckPending > 0 {
		l.Oldest, err = b.age(ctx, d, info.AckFloor.Stream+1)
	}
	return l, err
}

// age is that of a durable's first message at a sequence or behind it; 0 where there is none any more, and where it
// may not be read.
func (b *Bus) age(ctx context.Context, d Durable, from uint64) (time.Duration, error) {
	if b.lags.refused(d.Stream) {
		return 0, nil
	}
	began := time.Now()
	s, err := b.stream(ctx, d.Stream)
	if err != nil {
		return 0, err
	}
	var first *jetstream.RawStreamMsg
	err = b.once(ctx, func(ctx context.Context) error {
		first, err = s.GetMsg(ctx, from, jetstream.WithGetMsgSubject(cmp.Or(d.Filter, ">")))
		return err
	})
	switch {
	case missing(err):
		return 0, nil
	case err == nil:
		return max(b.clock.Now().Sub(first.Time), 0), nil
	}
	f := b.failed("look at the first open message of "+d.Stream, began, err)
	if _, denied := b.denials.since(began); denied {
		b.lags.refuse(d.Stream)
	}
	return 0, f
}

func (l *lags) refused(stream string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.denied[stream]) < deniedFor
}

func (l *lags) refuse(stream string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.denied == nil {
		l.denied = make(map[string]time.Time)
	}
	l.denied[stream] = time.Now()
}
