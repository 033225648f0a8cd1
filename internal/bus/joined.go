package bus

import (
	"context"
	"sync"

	"holdfast/internal/fault"
)

// joined lets one read serve all who ask for the same key while it has not begun: ten thousand runs of one
// connection look at it at the same time. A read that is on its way already serves only those who asked
// before it began, so nobody is told what was true before they asked.
type joined[T any] struct {
	mu    sync.Mutex
	lines map[string]*line[T]
}

// line is one key's: the read on its way, and the one behind it.
type line[T any] struct{ running, next *flight[T] }

// flight is one read, for all who wait for it.
type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// do gives what a read that begins after the call gives. ctx bounds the wait of who joins; who reads goes on
// for the others.
func (j *joined[T]) do(ctx context.Context, key string, read func() (T, error)) (T, error) {
	j.mu.Lock()
	l, busy := j.lines[key]
	if !busy {
		if j.lines == nil {
			j.lines = make(map[string]*line[T])
		}
		l = &line[T]{running: &flight[T]{done: make(chan struct{})}}
		j.lines[key] = l
		j.mu.Unlock()
		return j.fly(key, l, l.running, read)
	}
	before, f := l.running, l.next
	first := f == nil
	if first {
		f = &flight[T]{done: make(chan struct{})}
		l.next = f
	}
	j.mu.Unlock()
	if first {
		<-before.done
		return j.fly(key, l, f, read)
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// fly reads, and makes way for the read behind.
func (j *joined[T]) fly(key string, l *line[T], f *flight[T], read func() (T, error)) (T, error) {
	defer func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		if l.running, l.next = l.next, nil; l.running == nil {
			delete(j.lines, key)
		}
		close(f.done)
	}()
	f.err = fault.New(fault.Internal, "the read panicked") // unless it comes back
	f.value, f.err = read()
	return f.value, f.err
}
