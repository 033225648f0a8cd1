package authn

import (
	"context"
	"sync"
)

// lifetime is what runs on behalf of an Authenticator, however long its callers wait.
type lifetime struct {
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newLifetime() *lifetime {
	l := &lifetime{}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

func (l *lifetime) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.wg.Add(1)
	}
	return !l.closed
}

// run calls f with ctx's values and the lifetime's end; false where that has come.
func (l *lifetime) run(ctx context.Context, f func(context.Context)) bool {
	if !l.enter() {
		return false
	}
	defer l.wg.Done()
	ctx, stop := l.detach(ctx)
	defer stop()
	f(ctx)
	return true
}

// follow goes on in the background with what runs already.
func (l *lifetime) follow(ctx context.Context, f func(context.Context)) {
	l.wg.Go(func() {
		ctx, stop := l.detach(ctx)
		defer stop()
		f(ctx)
	})
}

func (l *lifetime) detach(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(l.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// end lets nothing new begin, waits, and cuts off what is left when ctx ends.
func (l *lifetime) end(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	done := make(chan struct{})
	go func() { l.wg.Wait(); close(done) }()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.cancel()
	<-done
	return err
}
