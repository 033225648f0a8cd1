package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/devproc"
	"holdfast/internal/devtarget"
)

// Stack is a running development stack. Stop it.
type Stack struct {
	Places   Places
	Vault    *Vault
	Provider *Provider
	Target   *devtarget.Target
	Worker   *Worker

	o      Options
	folder *folder
	bus    *bus.Bus
	failed chan error

	login       login    // the worker's
	connections []string // the demonstration ones
	revisions   []uint64 // what each was published as

	stops   []part // in the order in which they were started
	stopped sync.Once
}

// Places is where everything is.
type Places struct {
	NATS        string `json:"nats_url"`
	Vault       string `json:"vault_address"`
	Token       string `json:"vault_token,omitempty"` // the own Vault's root token
	VaultPID    int    `json:"vault_pid,omitempty"`
	Provider    string `json:"provider_url"`
	ProviderPID int    `json:"provider_pid"`
	Target      string `json:"target_url"`
	Metrics     string `json:"metrics_url"`
	Console     string `json:"console_url"`
	Data        string `json:"data"`
	Kept        bool   `json:"data_kept"`
	Config      string `json:"worker_config"`
	Log         string `json:"worker_log"`
}

// metrics is the address in the metrics' URL.
func (p Places) metrics() string { return strings.TrimPrefix(p.Metrics, "http://") }

// part is one thing to stop.
type part struct {
	name string
	stop func(context.Context) error
}

const (
	buildTimeout = 30 * time.Minute // cold, on a slow network
	startTimeout = 60 * time.Second // one part
	stopTimeout  = 15 * time.Second // one part
)

// Start starts everything and waits until the worker is ready. After an error, what was started is stopped
// again.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if o.Pace == (Pace{}) {
		o.Pace = DefaultPace()
	}
	if o.Err == nil {
		o.Err = io.Discard
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	s := &Stack{o: o, failed: make(chan error, 1)}
	for _, start := range []func(context.Context) error{
		s.openFolder, s.startNATS, s.startVault, s.startProvider, s.startTarget, s.connect, s.seed, s.startWorker, s.settle, s.startConsole,
	} {
		if err := start(ctx); err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("given up while starting: %w", ctx.Err()) // whatever the part said, this is why
			}
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// Failed gives an error when a part ended that should not have.
func (s *Stack) Failed() <-chan error { return s.failed }

// fail notes the first failure.
func (s *Stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// Stop stops everything, last started first, each part within a bounded time. It may be called again.
func (s *Stack) Stop() (err error) {
	s.stopped.Do(func() {
		for i := len(s.stops) - 1; i >= 0; i-- {
			p := s.stops[i]
			ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
			began := time.Now()
			failed := p.stop(ctx)
			cancel()
			s.say("stopped %s (%s)", p.name, time.Since(began).Round(time.Millisecond))
			if failed != nil {
				err = errors.Join(err, fmt.Errorf("stop %s: %w", p.name, failed))
			}
		}
	})
	return err
}

func (s *Stack) onStop(name string, stop func(context.Context) error) {
	s.stops = append(s.stops, part{name, stop})
}

// say tells how it is going.
func (s *Stack) say(format string, args ...any) { fmt.Fprintf(s.o.Err, format+"\n", args...) }

func (s *Stack) openFolder(context.Context) (err error) {
	if s.folder, err = openFolder(s.o.Data); err != nil {
		return err
	}
	s.Places.Data, s.Places.Kept = s.folder.path, !s.folder.temporary
	s.onStop("the data folder", func(context.Context) error { return s.folder.close() })
	return nil
}

// KeepData keeps a temporary folder, for somebody to look into.
func (s *Stack) KeepData() { s.folder.temporary = false }

// program builds and starts a development program and watches over it.
func (s *Stack) program(ctx context.Context, module, what string, port Port, args ...string) (*devproc.Process, error) {
	path, err := s.build(ctx, module, what)
	if err != nil {
		return nil, err
	}
	n, err := port.pick(ctx, what)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	p, err := devproc.Start(ctx, path, append([]string{"--listen", address(n)}, args...)...)
	if err != nil {
		return nil, err
	}
	stopping := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		<-p.Done()
		select {
		case <-stopping:
		default:
			s.fail(fmt.Errorf("the %s ended by itself: %w", what, cmp.Or(p.Err(), errors.New("it gave no reason"))))
		}
	}()
	s.onStop("the "+what, func(ctx context.Context) error {
		close(stopping)
		err := p.Stop(ctx)
		<-watched
		return err
	})
	return p, nil
}

func (s *Stack) build(ctx context.Context, module, what string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	p := watchBuild(s.o.Err, what+" ("+module+"; the first time takes minutes)")
	path, err := devproc.Build(ctx, module, p)
	p.end(err)
	return path, err
}
