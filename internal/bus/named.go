package bus

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// mostNamed is how many chains are read one by one. A reader costs the server a consumer, which it keeps
// for a while, and it keeps a thousand of a stream at most: when ten thousand runs end within seconds, and
// the other chains of each run are looked for, there must not be one for each.
const mostNamed = 256

// names tells whether a filter of chains names a run or a request, so that it matches few.
func names(filter string) bool {
	t := strings.Split(filter, ".")
	return len(t) == 6 && (t[4] != "*" || t[5] != "*")
}

// named is the subjects that match filter, in order; ok is false where they are too many to be read one by
// one.
func (j *Journal) named(ctx context.Context, filter string) (subjects []string, ok bool, err error) {
	s, err := j.bus.stream(ctx, events.StreamSuspensions)
	if err != nil {
		return nil, false, err
	}
	err = j.bus.try(ctx, "look for chains", func(ctx context.Context) error {
		info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
		if err == nil {
			subjects = slices.Sorted(maps.Keys(info.State.Subjects))
		}
		return err
	})
	return subjects, len(subjects) <= mostNamed, err
}

// oneByOne gives the last record of each subject; one that is gone meanwhile is passed over.
func (j *Journal) oneByOne(ctx context.Context, subjects []string) iter.Seq2[events.ChainRecord, error] {
	return func(yield func(events.ChainRecord, error) bool) {
		for _, subject := range subjects {
			c, ok := events.ParseChain(subject)
			if !ok {
				continue
			}
			r, err := j.Last(ctx, subject)
			if err == nil && r.Sequence == 0 {
				continue
			}
			if !yield(events.ChainRecord{Record: r, Chain: c}, err) || err != nil {
				return
			}
		}
	}
}
