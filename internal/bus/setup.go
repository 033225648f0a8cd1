package bus

import (
	"context"
	"reflect"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

// Report lists what Setup did, streams and consumers (`stream/consumer`) by name.
type Report struct {
	Created   []string `json:"created"`
	Changed   []string `json:"changed"`
	Unchanged []string `json:"unchanged"`
}

// Setup makes streams, buckets and durable consumers what they should be; doing it again changes nothing.
// It needs an administrator's permissions. Before anything is changed, every stream that exists is
// compared: one that would keep less, or less safely, than now is refused unless c.AllowWeaker. Settings
// that are not Holdfast's (placement, byte limits, metadata) stay as they are.
func (b *Bus) Setup(ctx context.Context, c SetupConfig) (Report, error) {
	c = c.withDefaults()
	if c.OutcomesAge < c.ActionsAge {
		return Report{}, fault.New(fault.BusUnavailable, "the ledger would forget requests ("+c.OutcomesAge.String()+
			") that can still be replayed ("+c.ActionsAge.String()+")").
			WithHint("make the outcomes' age at least the actions' age")
	}
	plans, err := b.plan(ctx, c)
	if err != nil {
		return Report{}, err
	}
	r := Report{Created: []string{}, Changed: []string{}, Unchanged: []string{}}
	for _, p := range plans {
		if err := b.applyStream(ctx, p, &r); err != nil {
			return r, err
		}
	}
	for _, d := range Durables() {
		if err := b.applyDurable(ctx, d.config(c), d.Stream, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

type streamPlan struct {
	have *jetstream.StreamConfig // nil: none
	want jetstream.StreamConfig
}

// plan compares every stream before anything is touched.
func (b *Bus) plan(ctx context.Context, c SetupConfig) ([]streamPlan, error) {
	var plans []streamPlan
	for _, want := range c.streams() {
		var info *jetstream.StreamInfo
		err := b.try(ctx, "look at stream "+want.Name, func(ctx context.Context) error {
			s, err := b.js.Stream(ctx, want.Name)
			if err == nil {
				info = s.CachedInfo()
			}
			return err
		})
		switch {
		case missing(err):
			want.Replicas = max(want.Replicas, 1)
			plans = append(plans, streamPlan{want: want})
			continue
		case err != nil:
			return nil, err
		}
		merged := merge(info.Config, want)
		if w := weaker(info.Config, merged); len(w) > 0 && !c.AllowWeaker {
			return nil, fault.New(fault.BusUnavailable, "refused to weaken stream "+want.Name+": "+w[0].String()).
				WithHint("keep what is there, or allow it: holdfast setup --allow-weaker")
		}
		plans = append(plans, streamPlan{have: &info.Config, want: merged})
	}
	return plans, nil
}

// merge is what is there with Holdfast's settings put over it.
func merge(have, want jetstream.StreamConfig) jetstream.StreamConfig {
	m := have
	m.Description, m.Subjects, m.Storage = want.Description, want.Subjects, want.Storage
	m.Retention, m.Discard = want.Retention, want.Discard
	m.MaxAge, m.Duplicates, m.MaxMsgsPerSubject = want.MaxAge, want.Duplicates, want.MaxMsgsPerSubject
	m.AllowDirect, m.AllowRollup, m.DenyDelete = want.AllowDirect, want.AllowRollup, want.DenyDelete
	m.AllowMsgTTL, m.SubjectDeleteMarkerTTL = want.AllowMsgTTL, want.SubjectDeleteMarkerTTL
	if !sameSources(have.Sources, want.Sources) {
		m.Sources = want.Sources
	}
	if want.Replicas > 0 {
		m.Replicas = want.Replicas
	}
	return m
}

// sameSources compares what Holdfast sets: the server fills in more.
func sameSources(have, want []*jetstream.StreamSource) bool {
	if len(have) != len(want) {
		return false
	}
	for i := range want {
		if have[i].Name != want[i].Name || !reflect.DeepEqual(have[i].SubjectTransforms, want[i].SubjectTransforms) {
			return false
		}
	}
	return true
}

func (b *Bus) applyStream(ctx context.Context, p streamPlan, r *Report) error {
	name := p.want.Name
	switch {
	case p.have == nil:
		err := b.try(ctx, "create stream "+name, func(ctx context.Context) error {
			_, err := b.js.CreateOrUpdateStream(ctx, p.want)
			return err
		})
		if err != nil {
			return setupFailed("create stream "+name, err)
		}
		r.Created = append(r.Created, name)
	case reflect.DeepEqual(*p.have, p.want):
		r.Unchanged = append(r.Unchanged, name)
	default:
		err := b.try(ctx, "update stream "+name, func(ctx context.Context) error {
			_, err := b.js.UpdateStream(ctx, p.want)
			return err
		})
		if err != nil {
			return setupFailed("update stream "+name, err)
		}
		r.Changed = append(r.Changed, name)
	}
	return nil
}

func (b *Bus) applyDurable(ctx context.Context, want jetstream.ConsumerConfig, stream string, r *Report) error {
	name := stream + "/" + want.Durable
	var have *jetstream.ConsumerInfo
	err := b.try(ctx, "look at consumer "+name, func(ctx context.Context) error {
		c, err := b.js.Consumer(ctx, stream, want.Durable)
		if err == nil {
			have = c.CachedInfo()
		}
		return err
	})
	if err != nil && !missing(err) {
		return err
	}
	if have != nil && sameConsumer(have.Config, want) {
		r.Unchanged = append(r.Unchanged, name)
		return nil
	}
	err = b.try(ctx, "set up consumer "+name, func(ctx context.Context) error {
		_, err := b.js.CreateOrUpdateConsumer(ctx, stream, want)
		return err
	})
	if err != nil {
		return setupFailed("set up consumer "+name, err)
	}
	if have == nil {
		r.Created = append(r.Created, name)
	} else {
		r.Changed = append(r.Changed, name)
	}
	return nil
}

func sameConsumer(have, want jetstream.ConsumerConfig) bool {
	return have.FilterSubject == want.FilterSubject && have.AckPolicy == want.AckPolicy &&
		have.AckWait == want.AckWait && have.MaxDeliver == want.MaxDeliver &&
		have.MaxAckPending == want.MaxAckPending && len(have.BackOff) == 0
}

// setupFailed makes a fault of what try lets through as final: errors that its callers usually handle.
func setupFailed(doing string, err error) error {
	return fault.Wrap(fault.BusUnavailable, doing+": "+inWords(err), err)
}

// Age is how long a stream keeps messages, as set up on the server; 0: for ever. A request older than the
// ledger's is stale.
func (b *Bus) Age(ctx context.Context, stream string) (time.Duration, error) {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	return s.CachedInfo().Config.MaxAge, nil
}
