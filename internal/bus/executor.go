package bus

import "sync"

// executor hands messages to workers: those with the same key one after another, others as workers are
// free. A worker that has handled one message of a key goes on with the key's next. It never blocks who
// pushes: the subscription's slots bound what is in it.
type executor struct {
	mu     sync.Mutex
	some   sync.Cond
	ready  []*held
	busy   map[string][]*held // what waits behind the message of each key that is ready or running
	closed bool
}

func newExecutor() *executor {
	e := &executor{busy: make(map[string][]*held)}
	e.some.L = &e.mu
	return e
}

func (e *executor) push(h *held) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if h.key != "" {
		waiting, busy := e.busy[h.key]
		if busy {
			e.busy[h.key] = append(waiting, h)
			return
		}
		e.busy[h.key] = nil
	}
	e.ready = append(e.ready, h)
	e.some.Signal()
}

// pop waits for a message; nil when the executor is closed and empty.
func (e *executor) pop() *held {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.ready) == 0 {
		if e.closed {
			return nil
		}
		e.some.Wait()
	}
	h := e.ready[0]
	e.ready[0] = nil
	e.ready = e.ready[1:]
	return h
}

// next is what comes after h of the same key; nil when there is none.
func (e *executor) next(h *held) *held {
	if h.key == "" {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	waiting := e.busy[h.key]
	if len(waiting) == 0 {
		delete(e.busy, h.key)
		return nil
	}
	e.busy[h.key] = waiting[1:]
	return waiting[0]
}

func (e *executor) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.some.Broadcast()
}

// run is one worker; it ends when the executor is closed and empty.
func (e *executor) run(handle func(*held)) {
	for h := e.pop(); h != nil; h = e.pop() {
		for ; h != nil; h = e.next(h) {
			handle(h)
		}
	}
}
