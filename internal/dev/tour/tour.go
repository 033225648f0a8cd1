package tour

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	auditing "holdfast/internal/audit"
	"holdfast/internal/dev"
	"holdfast/internal/dev/witness"
)

// pace is quick: nobody wants to wait ten days for a suspension's end.
func pace() dev.Pace {
	return dev.Pace{
		AckWait: 4 * time.Second, BackoffBase: 100 * time.Millisecond, BackoffMax: time.Second,
		BrokenPoll: time.Second, CacheTTL: time.Second, Drain: 5 * time.Second, Concurrency: 16,
	}
}

// step is one promise. Its limit bounds all of its waiting.
type step struct {
	title string
	limit time.Duration
	play  func(context.Context, *stage) error
}

func steps() []step {
	return []step{
		{"Two connections, and actions that run as them", 30 * time.Second, connections},
		{"The password changes at the target: runs are suspended, and the account is left alone", 30 * time.Second, suspend},
		{"The secret is rotated in Vault, and nothing else: the runs go on", 30 * time.Second, rotate},
		{"A connection is deleted, and the run waits longer than it may: terminated, once", 45 * time.Second, terminate},
		{"Vault is sealed while actions arrive: nothing is suspended, nothing is lost", 60 * time.Second, sealed},
		{"The worker is killed in the middle of a burst: every request ends exactly once", 120 * time.Second, killed},
		{"What can not be handled comes back as a dead letter, and a secret is not repeated", 30 * time.Second, refused},
	}
}

// errSkipped is a step that can not be played on this stack.
var errSkipped = errors.New("skipped")

// Run starts a stack, plays every step, and stops the stack. A promise that was not kept is a *Broken. What
// was seen goes to o.Out, for people or, with o.JSON, one object a line (Result, then Summary).
func Run(ctx context.Context, o dev.Options) error {
	if o.Out == nil {
		o.Out = io.Discard
	}
	o.Pace, o.WithoutDemo = pace(), true
	began := time.Now()
	s, err := dev.Start(ctx, o)
	if err != nil {
		return err
	}
	t := newTeller(o)
	t.start(s.Places, time.Since(began))
	err = play(ctx, s, t)
	if _, ok := errors.AsType[*Broken](err); ok {
		s.KeepData() // somebody will want to look
	}
	return errors.Join(err, s.Stop())
}

func play(ctx context.Context, s *dev.Stack, t teller) error {
	w, err := witness.Start(ctx, s.Places.NATS)
	if err != nil {
		return err
	}
	defer w.Close()
	st := &stage{Stack: s, w: w, t: t, tenant: "tour-" + strings.ToLower(rand.Text()[:8])}
	if err := s.Admit(ctx, st.tenant); err != nil {
		return err
	}
	began := time.Now()
	var broken error
	for i, one := range steps() {
		if broken = st.play(ctx, i+1, one); broken != nil {
			break
		}
	}
	if broken == nil {
		broken = st.play(ctx, len(steps())+1, step{"Audit: every request of this tour, read back from the streams", 30 * time.Second, audit})
	}
	return errors.Join(broken, t.sum(st.summary(began, broken == nil)))
}

// play plays one step and tells of it.
func (s *stage) play(ctx context.Context, n int, one step) error {
	s.result = Result{Step: n, Title: one.title, Did: []string{}, Saw: []string{}, Facts: make(map[string]any)}
	s.t.begin(n, one.title)
	began := time.Now()
	playing, cancel := context.WithTimeout(ctx, one.limit)
	err := s.orFailed(playing, one.play)
	cancel()
	s.result.TookMS = time.Since(began).Milliseconds()
	if errors.Is(err, errSkipped) {
		err = nil
		s.skipped++
	}
	broken := s.brokenBy(err, one)
	if ctx.Err() != nil {
		return ctx.Err() // somebody stopped us: no promise was broken
	}
	s.result.OK, s.result.Broken = broken == nil, broken
	if broken == nil {
		s.kept++
	}
	if terr := s.t.end(s.result); terr != nil {
		return terr
	}
	if broken != nil {
		return broken
	}
	return nil
}

// orFailed plays until the step is over, or a part of the stack ends by itself.
func (s *stage) orFailed(ctx context.Context, play func(context.Context, *stage) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case err := <-s.Failed():
			cancel(err)
		case <-ctx.Done():
		}
	}()
	err := play(ctx, s)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.DeadlineExceeded) && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	cancel(nil)
	<-watching
	return err
}

// audit reads the whole tour back: each request that the tour has asked for has one end, and every promise was kept.
func audit(ctx context.Context, s *stage) error {
	if err := s.w.CatchUp(ctx); err != nil {
		return s.wrong("the witness has read all that the streams hold", err.Error())
	}
	records := s.w.Records()
	for _, r := range s.asked {
		if n := len(ends(ledger(records, s.tenant, r.ID))); n != 1 {
			return s.wrong("request "+r.ID+" has one end on its ledger", fmt.Sprintf("%d ends", n))
		}
	}
	var report auditing.Report
	if err := s.until(ctx, "holdfast audit finds nothing, and nothing open", func(ctx context.Context) (ok bool, seen string) {
		var err error
		report, err = s.Audit(ctx, s.tenant)
		if err == nil {
			err = report.Err()
		}
		if err != nil {
			return false, err.Error()
		}
		return report.Requests.Open()+report.Chains.Waiting == 0, fmt.Sprintf("%d open", report.Requests.Open()+report.Chains.Waiting)
	}); err != nil {
		return err
	}
	waits, messages := report.Chains.Moves["suspended"], 0
	for _, r := range report.Streams {
		messages += r.Messages
	}
	s.saw("%d requests, each with exactly one end; %d suspensions, each resumed or terminated exactly once", len(s.asked), waits)
	s.saw("holdfast audit: %d checks on %d messages, nothing found", len(report.Checks), messages)
	s.fact("requests", len(s.asked))
	s.fact("suspensions", waits)
	s.fact("violations", report.Total)
	return nil
}
