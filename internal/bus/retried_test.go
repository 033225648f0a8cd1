package bus_test

import (
	"context"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// What a worker makes of a retried message is told on the letter's own subject, and a dead letter of it counts; of any
// other message nothing is told.
func TestO2_WhatBecomesOfARetryIsTold(t *testing.T) {
	first := time.Now().Add(-time.Hour).UTC()
	of := func(letter, tries string) map[string][]string {
		return map[string][]string{events.HeaderRetryOf: {letter}, events.HeaderTries: {tries}, events.HeaderFirstStored: {first.Format(time.RFC3339Nano)}}
	}
	for name, c := range map[string]struct {
		header  map[string][]string
		refuse  bool
		answers []events.DeadLetterAnswer
		tries   int
		retryOf uint64
		old     bool
	}{
		"handled":       {of("7", "2"), false, []events.DeadLetterAnswer{{Tenant: "acme", Letter: 7, Outcome: "seen"}}, 0, 0, false},
		"failed again":  {of("7", "2"), true, []events.DeadLetterAnswer{{Tenant: "acme", Letter: 7, Outcome: events.AnswerDeadLetter, Reason: "poison", Next: 1}}, 3, 7, true},
		"no such tries": {of("7", "many"), true, []events.DeadLetterAnswer{{Tenant: "acme", Letter: 7, Outcome: events.AnswerDeadLetter, Reason: "poison", Next: 1}}, 2, 7, true},
		"a first try":   {nil, true, nil, 1, 0, false},
		"no letter":     {of("x", "2"), true, nil, 1, 0, false},
		"letter 0":      {of("0", "2"), false, nil, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			n, b := testkit.StartBus(t)
			_, js := raw(t, n.ClientURL())
			_, err := b.PublishMessage(t.Context(), events.SubjectOf("acme", events.ActionRequested), "m", c.header, []byte("{}"))
			must(t, err)
			_, err = b.Consume(t.Context(), actions(), func(context.Context, dispatch.Delivery) dispatch.Result {
				if c.refuse {
					return dispatch.Refuse(fault.New(fault.Poison, "no"))
				}
				return dispatch.Done("seen")
			})
			must(t, err)
			testkit.Eventually(t, patience, "an answer", func() bool {
				c, err := js.Consumer(t.Context(), events.StreamActions, bus.DurableActions)
				return err == nil && c.CachedInfo().AckFloor.Stream == 1
			})
			var got []events.DeadLetterAnswer
			for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamDeadLetters, Filter: events.DeadLetterActsFilter("")}) {
				must(t, err)
				a, err := events.Payload[events.DeadLetterAnswer](r.Event)
				must(t, err)
				if r.Subject != events.DeadLetterActs("acme", 7) || a.Origin != (events.Origin{Stream: events.StreamActions, Sequence: 1}) {
					t.Errorf("%s: %+v", r.Subject, a)
				}
				a.Origin = events.Origin{}
				got = append(got, a)
			}
			if len(got) != len(c.answers) || len(got) == 1 && got[0] != c.answers[0] {
				t.Errorf("answered %+v, want %+v", got, c.answers)
			}
			for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamDeadLetters, Filter: "hf.*.deadletter.*"}) {
				must(t, err)
				l, err := events.Payload[events.DeadLetterData](r.Event)
				must(t, err)
				if l.Tries != c.tries || l.RetryOf != c.retryOf || l.FirstStored.Equal(first) != c.old {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

// A message in binary mode keeps the headers that say what it is, unless they may hold a secret.
func TestO1_DeadLettersKeepWhatAMessageInBinaryModeIs(t *testing.T) {
	for name, c := range map[string]struct {
		header   map[string][]string
		kept     map[string]string
		withheld bool
	}{
		"kept": {map[string][]string{"ce-type": {"x"}, "Ce-Id": {"1"}, "content-type": {"application/json"}, "traceparent": {"t"}},
			map[string]string{"ce-type": "x", "Ce-Id": "1", "content-type": "application/json"}, false},
		"structured": {map[string][]string{"content-type": {"application/cloudevents+json"}}, nil, false},
		"a secret":   {map[string][]string{"ce-type": {"x"}, "ce-token": {"hunter2"}}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			n, b := testkit.StartBus(t)
			_, js := raw(t, n.ClientURL())
			_, err := b.PublishMessage(t.Context(), events.SubjectOf("acme", events.ActionRequested), "m", c.header, []byte("{}"))
			must(t, err)
			_, err = b.Consume(t.Context(), actions(), func(context.Context, dispatch.Delivery) dispatch.Result {
				return dispatch.Refuse(fault.New(fault.UnknownType, "no"))
			})
			must(t, err)
			testkit.Eventually(t, patience, "the dead letter", func() bool { return len(letters(t, js)) == 1 })
			l := letters(t, js)[0]
			if len(l.Headers) != len(c.kept) || l.Withheld != c.withheld || (l.Original == nil) != c.withheld {
				t.Errorf("%+v", l)
			}
			for name, value := range c.kept {
				if l.Headers[name] != value {
					t.Errorf("%s is %q", name, l.Headers[name])
				}
			}
		})
	}
}
