package replay

import (
	"cmp"
	"iter"
	"sync"
	"time"

	"holdfast/internal/bus"
)

// cursor reads a stream step by step, and a little ahead of that. The server forgets a reader that rests for some
// seconds, so one that has rested is opened again behind what it gave last.
type cursor struct {
	// open reads from a sequence on; 0: from where the cursor begins.
	open func(from uint64) iter.Seq2[bus.Message, error]
	size int // how many messages are given at once; 0: cursorStep

	ahead chan some     // nil: not open
	quit  chan struct{} // closed to end reading
	ended sync.WaitGroup
	last  uint64
	used  time.Time
	done  bool
}

// some messages, and why there are no more after them.
type some struct {
	messages []bus.Message
	err      error
}

const (
	// rested is how long a reader may rest; bus.readerForgotten is longer.
	rested = 5 * time.Second
	// cursorStep is how many messages are given at once, and cursorAhead how many times that is read ahead.
	cursorStep  = 500
	cursorAhead = 3
)

// step gives some messages to do; done is set behind the last.
func (c *cursor) step(do func(bus.Message)) error {
	if c.ahead != nil && time.Since(c.used) > rested {
		c.close()
	}
	if c.ahead == nil {
		c.begin()
	}
	next, ok := <-c.ahead
	c.used = time.Now()
	if !ok {
		c.done = true
		return nil
	}
	for _, m := range next.messages {
		c.last = m.Sequence
		do(m)
	}
	return next.err
}

// begin starts to read ahead.
func (c *cursor) begin() {
	from := uint64(0)
	if c.last > 0 {
		from = c.last + 1
	}
	size := cmp.Or(c.size, cursorStep)
	ahead, quit := make(chan some, cursorAhead), make(chan struct{})
	c.ahead, c.quit, c.used = ahead, quit, time.Now()
	c.ended.Go(func() {
		defer close(ahead)
		next := some{}
		give := func() (goOn bool) {
			select {
			case ahead <- next:
				next = some{messages: make([]bus.Message, 0, size)}
				return true
			case <-quit:
				return false
			}
		}
		for m, err := range c.open(from) {
			if next.err = err; err == nil {
				next.messages = append(next.messages, m)
			}
			if (err != nil || len(next.messages) == size) && !give() {
				return
			}
		}
		if len(next.messages) > 0 {
			give()
		}
	})
}

// close ends reading; step opens again.
func (c *cursor) close() {
	if c.ahead == nil {
		return
	}
	close(c.quit)
	c.ended.Wait()
	c.ahead = nil
}
