package letters_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

func TestO2_TwoOperatorsRetryALetterOnce(t *testing.T) {
	w := newWorld(t)
	const all, operators = 25, 4
	var named []uint64
	for i := range all {
		named = append(named, w.letter(events.ActionRequested, w.request(fmt.Sprintf("req-%d", i), `{}`)))
	}
	var (
		done, refused atomic.Int64
		running       sync.WaitGroup
	)
	for i := range operators {
		_, desk := w.operator()
		running.Go(func() {
			by := letters.By{Actor: fmt.Sprintf("operator-%d", i), Why: "at once"}
			err := desk.Retry(t.Context(), named, by, false, 10_000, func(r letters.Result) error {
				switch {
				case r.Done:
					done.Add(1)
				case r.Verdict == letters.Underway:
					refused.Add(1)
				default:
					t.Errorf("%+v", r)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if got := len(w.stored(events.ActionRequested)); got != all || done.Load() != all || refused.Load() != all*(operators-1) {
		t.Errorf("%d published, %d done, %d refused", got, done.Load(), refused.Load())
	}
}

// What was claimed and never published is published by whoever asks next, once; what is on the bus is not published
// again.
func TestO2_AnInterruptedRetryGoesOn(t *testing.T) {
	w := newWorld(t)
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`))
	ctx, interrupt := context.WithCancel(t.Context())
	desk := *w.desk
	desk.Messages = interrupted{w.desk.Messages, interrupt}
	err := desk.Retry(ctx, []uint64{n}, letters.By{Actor: "ben"}, false, 1000, func(letters.Result) error { return nil })
	if err == nil || len(w.stored(events.ActionRequested)) != 0 {
		t.Fatalf("not interrupted: %v", err)
	}
	if all := w.list(); len(all) != 1 || all[0].State != letters.Retrying {
		t.Errorf("%+v", all)
	}
	if r := w.judged(n); r.Verdict != letters.Underway { // it may be about to be published
		t.Errorf("%+v", r)
	}
	w.desk.Clock = later{w.desk.Clock}
	if r := w.judged(n); r.Verdict != letters.Interrupted {
		t.Errorf("%+v", r)
	}
	if r := w.retry(w.desk, n, false); !r.Done {
		t.Fatalf("%+v", r)
	}
	if r := w.retry(w.desk, n, false); r.Done || r.Verdict != letters.Underway {
		t.Errorf("%+v", r)
	}
	if got := w.stored(events.ActionRequested); len(got) != 1 || got[0].Header[events.HeaderRetryOf][0] != fmt.Sprint(n) {
		t.Errorf("%d published: %v", len(got), got)
	}
	history := w.toldInOrder(n, "failed retried")
	if history[1].Actor != "ben" || history[1].Origin == nil || history[1].Origin.Sequence != 1 {
		t.Errorf("%+v", history)
	}
}

// What was begun long ago is judged as of now before it goes on.
func TestO2_AnInterruptedRetryThatIsTooOldByNowDoesNotGoOn(t *testing.T) {
	w := newWorld(t)
	w.desk.Clock = later{w.desk.Clock}
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`), func(l *events.DeadLetterData) {
		l.FirstStored = time.Now().Add(-8 * 24 * time.Hour)
	})
	claim, err := events.New(events.DeadLetterRetried, time.Now(), events.DeadLetterAct{Tenant: tenant, Letter: n, Actor: "ben", Tries: 1, MessageID: "lost"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.root.Journal().Append(t.Context(), events.DeadLetterActs(tenant, n), 0, claim); err != nil {
		t.Fatal(err)
	}
	if r := w.retry(w.desk, n, false); r.Done || r.Verdict != letters.Stale {
		t.Errorf("%+v", r)
	}
}

// An edition that was interrupted is edited again, and can not be retried as it was.
func TestO2_AnInterruptedEditionIsEditedAgain(t *testing.T) {
	w := newWorld(t)
	n := w.letter(events.ActionRequested, w.request("req-1", `{"a":1}`))
	edit := func(d *letters.Desk, ctx context.Context) (letters.Result, error) {
		e, err := d.Edit(t.Context(), n)
		if err != nil {
			return letters.Result{}, err
		}
		p, err := d.Propose(t.Context(), e, w.request("req-1", `{"a":2}`))
		if err != nil {
			t.Fatal(err)
		}
		return d.Publish(ctx, e, p, ann)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	desk := *w.desk
	desk.Messages = interrupted{w.desk.Messages, interrupt}
	if _, err := edit(&desk, ctx); err == nil {
		t.Fatal("not interrupted")
	}
	w.desk.Clock = later{w.desk.Clock}
	if r := w.retry(w.desk, n, false); r.Done || r.Verdict != letters.Lost {
		t.Errorf("%+v", r)
	}
	if r, err := edit(w.desk, t.Context()); err != nil || !r.Done {
		t.Fatalf("%+v, %v", r, err)
	}
	_, err := edit(w.desk, t.Context())
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused {
		t.Errorf("edited twice: %v", err)
	}
	if got := w.stored(events.ActionRequested); len(got) != 1 {
		t.Errorf("%d published", len(got))
	}
}

// later is a clock some seconds ahead.
type later struct{ ops.Clock }

func (l later) Now() time.Time { return l.Clock.Now().Add(11 * time.Second) }

// interrupted ends a command between its claim and its message.
type interrupted struct {
	ops.Messages

	interrupt context.CancelFunc
}

func (i interrupted) PublishMessage(ctx context.Context, subject, id string, header map[string][]string, raw []byte) (uint64, error) {
	i.interrupt()
	return i.Messages.PublishMessage(ctx, subject, id, header, raw)
}

func TestO2_WhatHasItsOutcomeIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.send(events.ActionRequested, w.request("req-1", `{}`))
	w.ended("req-1")
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`))
	if r := w.judged(n); r.Verdict != letters.HasOutcome {
		t.Errorf("%+v", r)
	}
	if a := w.answered(w.retry(w.desk, n, false)); a.Outcome != "duplicate" {
		t.Errorf("%+v", a)
	}
	if got := w.target.Effects()["req-1"]; got != 1 || len(w.list()) != 0 {
		t.Errorf("%d effects, %d in the list", got, len(w.list()))
	}
}

// Nobody answers: the letters are told as they are, and it is said that they will be handled.
func TestO2_WithoutAWorkerItIsSaidSo(t *testing.T) {
	w := newWorld(t)
	r := w.retry(w.desk, w.letter(events.ActionRequested, w.request("req-1", `{}`)), false)
	told := 0
	err := w.desk.Follow(t.Context(), []letters.Result{r}, time.Now(), 300*time.Millisecond, func(letters.Result) error { told++; return nil })
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Waiting || told != 1 {
		t.Errorf("%v, told %d", err, told)
	}
}

// An answer to a letter that nobody retried counts for nothing: whoever may publish can name one in a header.
func TestO2_AForgedAnswerHidesNothing(t *testing.T) {
	w := newWorld(t)
	w.worker()
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`))
	_, err := w.root.PublishMessage(t.Context(), events.SubjectOf(tenant, events.ActionRequested), "forged",
		map[string][]string{events.HeaderRetryOf: {fmt.Sprint(n)}, events.HeaderTries: {"900"}}, w.request("req-2", `{}`))
	if err != nil {
		t.Fatal(err)
	}
	w.ended("req-2")
	if all := w.list(); len(all) != 1 || all[0].State != letters.Open {
		t.Errorf("%+v", all)
	}
	if a := w.answered(w.retry(w.desk, n, false)); a.Outcome != "completed" {
		t.Errorf("%+v", a)
	}
	if all := w.list(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}
