package bus

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/internal/pause"
)

// lane is one stream of pulls, one pull at a time, on an inbox of its own. A pull asks for as many
// messages as there are free slots, so what comes is always held by us. Two lanes overlap, so that there
// is work while one of them asks.
type lane struct {
	s     *Subscription
	api   string
	inbox string
	sub   *nats.Subscription

	mu    sync.Mutex
	pull  int           // number of the current pull
	left  int           // what the current pull may still bring
	over  chan struct{} // closed when the current pull is over
	after time.Duration // pause before the next: the server had no leader, or no consumer
	heard time.Time
}

const (
	pullExpires   = 5 * time.Second
	pullHeartbeat = time.Second
	// A pull that is silent for longer than this is lost: with its leader, or with the connection.
	pullSilent  = 2*pullHeartbeat + 500*time.Millisecond
	pullTrouble = 500 * time.Millisecond
	// linger is how long a lane waits for a fair number of slots before it asks for what there is: asking
	// for one message at a time costs the server more than the wait costs us.
	linger     = 2 * time.Millisecond
	ackSubject = "$JS.ACK."
)

func (s *Subscription) open(i int) (*lane, error) {
	l := &lane{s: s, api: "$JS.API.CONSUMER.MSG.NEXT." + s.spec.Stream + "." + s.spec.Durable,
		inbox: s.bus.consume.NewInbox() + "." + strconv.Itoa(i) + "."}
	sub, err := s.bus.consume.Subscribe(l.inbox+"*", l.receive)
	if err != nil {
		return nil, err
	}
	l.sub = sub
	return l, sub.SetPendingLimits(-1, -1)
}

// run pulls until ctx ends.
func (l *lane) run(ctx context.Context) {
	for l.s.gate.wait(ctx) {
		n := l.slots(ctx)
		if n == 0 {
			return
		}
		l.ask(n)
		l.await(ctx)
		if d := l.pauseAfter(); d > 0 && !pause.For(ctx, d) {
			return
		}
	}
}

// slots takes free slots: up to half of all, one at least; 0 when ctx ended.
func (l *lane) slots(ctx context.Context) int {
	fair, most := max(1, l.s.spec.Prefetch/4), max(1, l.s.spec.Prefetch/2)
	n := 0
	soon, cancel := context.WithTimeout(ctx, linger)
	if l.s.slots.Acquire(soon, int64(fair)) == nil {
		n = fair
	}
	cancel()
	if n == 0 {
		if l.s.slots.Acquire(ctx, 1) != nil {
			return 0
		}
		n = 1
	}
	for n < most && l.s.slots.TryAcquire(1) {
		n++
	}
	return n
}

// pullRequest is the body of CONSUMER.MSG.NEXT; durations are in nanoseconds.
type pullRequest struct {
	Batch     int           `json:"batch"`
	Expires   time.Duration `json:"expires"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

func (l *lane) ask(n int) {
	l.mu.Lock()
	l.pull++
	l.left, l.over, l.heard, l.after = n, make(chan struct{}), time.Now(), 0
	reply := l.inbox + strconv.Itoa(l.pull)
	l.mu.Unlock()
	body, err := json.Marshal(pullRequest{n, pullExpires, pullHeartbeat})
	if err == nil {
		err = l.s.bus.consume.PublishRequest(l.api, reply, body)
	}
	if err != nil {
		l.mu.Lock()
		l.end(pullTrouble)
		l.mu.Unlock()
	}
}

// await returns when the pull is over, silent for too long, or ctx ended.
func (l *lane) await(ctx context.Context) {
	check := time.NewTicker(pullHeartbeat / 2)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.over: // written by run's goroutine only
			return
		case <-check.C:
			l.mu.Lock()
			if time.Since(l.heard) > pullSilent {
				l.end(0)
				l.s.silent()
			}
			l.mu.Unlock()
		}
	}
}

func (l *lane) pauseAfter() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.after
}

// end ends the current pull and frees the slots that it did not use. l.mu is held.
func (l *lane) end(after time.Duration) {
	select {
	case <-l.over:
		return
	default:
	}
	l.s.slots.Release(int64(l.left))
	l.left, l.after = 0, after
	close(l.over)
}

// receive is called by the client library for one message after another.
func (l *lane) receive(m *nats.Msg) {
	if !strings.HasPrefix(m.Reply, ackSubject) {
		l.status(m)
		return
	}
	l.mu.Lock()
	l.heard = time.Now()
	slot := l.left > 0
	if slot {
		l.left--
		if l.left == 0 {
			l.end(0)
		}
	}
	l.mu.Unlock()
	l.s.healthy()
	l.s.deliver(m, slot)
}

// status handles what is no message: heartbeats, and the end of a pull.
func (l *lane) status(m *nats.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Subject != l.inbox+strconv.Itoa(l.pull) {
		return // of a pull that was given up
	}
	l.heard = time.Now()
	switch code := m.Header.Get("Status"); code {
	case "100":
		l.s.healthy()
	case "404", "408": // nothing there, or its time is over: ask again
		l.s.healthy()
		l.end(0)
	default: // 409: no leader, consumer deleted, shutting down; 503: nobody there
		l.s.unwell(code, m.Header.Get("Description"))
		l.end(pullTrouble)
	}
}

// close stops receiving: what the server has sent so far is still received.
func (l *lane) close() error { return l.sub.Drain() }

// closed tells whether everything that the server sent has been received.
func (l *lane) closed() bool { return !l.sub.IsValid() }
