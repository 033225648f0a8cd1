package bus

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

// ConsumerState is how far the workers of a durable consumer are.
type ConsumerState struct {
	Stream string
	Name   string
	// Delivered is the stream's sequence that was delivered last; Floor that up to which all are answered.
	Delivered, Floor uint64
	Waiting          uint64 // never delivered yet
	Open             int    // delivered and not answered for good, those that are delayed included
	Again            int    // of those, how many were delivered more than once
	Asking           int    // how many pulls wait for messages: 0 where no worker has room, or none runs
}

// Consumer looks at a durable consumer. It takes no message from anybody.
func (b *Bus) Consumer(ctx context.Context, d Durable) (ConsumerState, error) {
	s := ConsumerState{Stream: d.Stream, Name: d.Name}
	err := b.try(ctx, "look at consumer "+d.Stream+"/"+d.Name, func(ctx context.Context) error {
		c, err := b.js.Consumer(ctx, d.Stream, d.Name)
		if err != nil {
			return err
		}
		i := c.CachedInfo()
		s.Delivered, s.Floor, s.Waiting = i.Delivered.Stream, i.AckFloor.Stream, i.NumPending
		s.Open, s.Again, s.Asking = i.NumAckPending, i.NumRedelivered, i.NumWaiting
		return nil
	})
	if missing(err) {
		return s, fault.Wrap(fault.BusUnavailable, "there is no consumer "+d.Stream+"/"+d.Name, err).WithHint(setupHint)
	}
	return s, err
}

// StreamState is what a stream holds at one moment, and on which servers.
type StreamState struct {
	Name        string
	First, Last uint64    // sequences; Last is kept when the message is gone
	FirstStored time.Time // of First; zero for an empty stream
	Messages    uint64
	Now         time.Time     // when the leader was asked, by its clock
	MaxAge      time.Duration // 0: for ever
	Leader      string        // empty: one server, no cluster
	Replicas    int           // the leader included
	Away        []string      // replicas that are offline or not up to date
}

// State asks a stream's leader.
func (b *Bus) State(ctx context.Context, stream string) (v StreamState, err error) {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return v, err
	}
	err = b.try(ctx, "look at "+stream, func(ctx context.Context) error {
		i, err := s.Info(ctx)
		if err == nil {
			v = stateOf(stream, i)
		}
		return err
	})
	return v, err
}

func stateOf(stream string, i *jetstream.StreamInfo) StreamState {
	v := StreamState{Name: stream, First: i.State.FirstSeq, Last: i.State.LastSeq, Messages: i.State.Msgs, Now: i.TimeStamp,
		MaxAge: i.Config.MaxAge, Replicas: i.Config.Replicas}
	if v.Messages > 0 {
		v.FirstStored = i.State.FirstTime
	}
	if i.Cluster == nil {
		return v
	}
	v.Leader = i.Cluster.Leader
	for _, p := range i.Cluster.Replicas {
		if p.Offline || !p.Current {
			v.Away = append(v.Away, p.Name)
		}
	}
	return v
}
