package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/pause"
)

// A replay holds a lease of its stream and tenant; one of all tenants holds the stream's, and looks for those of
// tenants. Whoever takes a lease looks for the others afterwards: of two that begin at once, one at least sees the
// other.

const (
	holdFor = 10 * time.Second
	holdKey = "lease."
	// holdLook is how often a lease is looked at that may end.
	holdLook = 200 * time.Millisecond
)

// holder is who has a lease, for the other to know.
type holder struct {
	Actor  string    `json:"actor"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Since  time.Time `json:"since"`
	Tenant string    `json:"tenant,omitempty"`
}

func (h holder) String() string {
	of := "all tenants"
	if h.Tenant != "" {
		of = "tenant " + h.Tenant
	}
	return fmt.Sprintf("%s on %s (process %d), of %s, since %s", h.Actor, h.Host, h.PID, of, h.Since.UTC().Format(time.RFC3339))
}

// hold takes the lease and keeps it until it is released; the context ends when it is lost.
func (r *Replay) hold(ctx context.Context, stream, tenant string) (held context.Context, release func(), err error) {
	host, _ := os.Hostname() // a name for people
	me, err := json.Marshal(holder{Actor: r.o.Actor, Host: host, PID: os.Getpid(), Since: r.bus.Clock().Now(), Tenant: tenant})
	if err != nil {
		return nil, nil, err
	}
	all := holdKey + stream
	key := all
	if tenant != "" {
		key += "." + tenant
	}
	lease, err := r.acquire(ctx, key, me)
	if err != nil {
		return nil, nil, err
	}
	if err := r.alone(ctx, all, tenant); err != nil {
		_ = lease.Release(ctx) // it ends by itself
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		keep(ctx, lease, cancel)
	}()
	return ctx, func() {
		cancel(nil)
		<-done
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), holdFor)
		defer stop()
		_ = lease.Release(ctx) // it ends by itself
	}, nil
}

// acquire takes a lease. One that nobody renews any more is waited for: its holder was killed.
func (r *Replay) acquire(ctx context.Context, key string, me []byte) (*bus.Lease, error) {
	replays := r.bus.Replays()
	var seen uint64
	for until := time.Now().Add(holdFor + holdFor/2); ; {
		lease, err := replays.Acquire(ctx, key, me, holdFor)
		if err == nil || fault.From(err).Reason != fault.LeaseHeld {
			return lease, err
		}
		data, revision, err := replays.Load(ctx, key)
		switch {
		case err != nil:
			return nil, err
		case revision != 0 && (seen != 0 && seen != revision || time.Now().After(until)):
			return nil, taken(data)
		}
		if seen == 0 && revision != 0 {
			r.say("waits for another replay's lease, which ends within " + (holdFor + holdFor/2).String() + " unless that one is at work: " + holderOf(data).String())
		}
		if seen = revision; !pause.For(ctx, holdLook) {
			return nil, ctx.Err()
		}
	}
}

// alone makes sure that nobody holds what overlaps.
func (r *Replay) alone(ctx context.Context, all, tenant string) error {
	if tenant != "" {
		data, revision, err := r.bus.Replays().Load(ctx, all)
		if err == nil && revision != 0 {
			return taken(data)
		}
		return err
	}
	others, err := r.bus.Replays().Held(ctx, all)
	for _, data := range others {
		return taken(data)
	}
	return err
}

func taken(data []byte) error {
	return &ops.Problem{Kind: ops.Refused, Text: "another replay is at work over the same: " + holderOf(data).String(),
		Hint: "wait until it is done, or stop it; it goes on where it was with the same arguments"}
}

func holderOf(data []byte) (h holder) {
	_ = json.Unmarshal(data, &h) // what can not be read is not shown
	return h
}

// keep renews a lease until the context ends, and ends it when the lease is lost.
func keep(ctx context.Context, lease *bus.Lease, lost context.CancelCauseFunc) {
	last := time.Now()
	for pause.For(ctx, holdFor/4) {
		err := lease.Renew(ctx, holdFor)
		switch {
		case err == nil:
			last = time.Now()
		case fault.Is(err, fault.LeaseHeld), time.Since(last) > holdFor/2:
			lost(fault.Wrap(fault.BusUnavailable, "the replay's lease was lost", err).
				WithHint("run the same command again: it goes on where it was"))
			return
		}
	}
}
