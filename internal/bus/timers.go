package bus

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Timers are the alarms of suspensions: keys whose expiry a durable consumer hears of. An alarm decides
// nothing: who hears it publishes to the chain.
type Timers struct{ bus *Bus }

// Timers gives the alarms.
func (b *Bus) Timers() *Timers { return &Timers{b} }

// purgedAlarm is how long the marker of a cancelled alarm is kept.
const purgedAlarm = time.Minute

func timerKey(c events.Chain, sequence uint64) string {
	return strings.Join([]string{c.Tenant, c.Connection, c.Run, c.Request, strconv.FormatUint(sequence, 10)}, ".")
}

// Set makes sure that the alarm of the chain's event at sequence rings once ttl has passed (whole seconds,
// rounded up, one at least). One that is there already is left as it is; so is one that has rung, which
// its consumer hears, and one that was cancelled.
func (t *Timers) Set(ctx context.Context, c events.Chain, sequence uint64, ttl time.Duration) error {
	key := timerKey(c, sequence)
	err := t.set(ctx, key, ttl)
	if !conflict(err) {
		return err
	}
	v, rerr := t.bus.kvGet(ctx, events.BucketTimers, key)
	if rerr != nil {
		return rerr
	}
	if v.revision == 0 { // the one that was first is not stored: nothing would ring
		return fault.Wrap(fault.BusUnavailable, "it is not certain that the alarm is set", err)
	}
	return nil
}

// SetAgain sets an alarm that has rung, for ttl more. One that was set again already is left as it is.
func (t *Timers) SetAgain(ctx context.Context, c events.Chain, sequence uint64, ttl time.Duration) error {
	key := timerKey(c, sequence)
	_, err := t.bus.kvPut(ctx, events.BucketTimers, key, nil, 0, ttl)
	if !conflict(err) {
		return err
	}
	v, rerr := t.bus.kvGet(ctx, events.BucketTimers, key)
	if rerr != nil {
		return rerr
	}
	if v.gone { // what was first is not stored: nothing would ring
		return fault.Wrap(fault.BusUnavailable, "it is not certain that the alarm is set", err)
	}
	return nil
}

func (t *Timers) set(ctx context.Context, key string, ttl time.Duration) error {
	_, _, err := t.bus.cas(ctx, write{
		stream: kvPrefix + events.BucketTimers, subject: kvSubject(events.BucketTimers, key), id: key,
		header: nats.Header{jetstream.MsgTTLHeader: {wholeSeconds(ttl)}},
	})
	return err
}

// Cancel takes the alarm away; none there is no error.
func (t *Timers) Cancel(ctx context.Context, c events.Chain, sequence uint64) error {
	return t.bus.kvDrop(ctx, events.BucketTimers, timerKey(c, sequence), 0, purgedAlarm)
}

// Alarm is a timer that rang.
type Alarm struct {
	Chain    events.Chain
	Sequence uint64    // of the chain's event that it belongs to
	RangAt   time.Time // by the bus's clock
}

const markerExpired = "MaxAge"

// ParseAlarm reads an alarm from a delivery of the timers' bucket; false for everything else that happens
// there: an alarm that is set, or cancelled.
func ParseAlarm(d dispatch.Delivery) (Alarm, bool) {
	key, ok := strings.CutPrefix(d.Subject, kvSubject(events.BucketTimers, ""))
	if !ok || d.Get(jetstream.MarkerReasonHeader) != markerExpired {
		return Alarm{}, false
	}
	t := strings.Split(key, ".")
	if len(t) != 5 {
		return Alarm{}, false
	}
	sequence, err := strconv.ParseUint(t[4], 10, 64)
	if err != nil {
		return Alarm{}, false
	}
	c := events.Chain{Tenant: t[0], Connection: t[1], Run: t[2], Request: t[3]}
	return Alarm{Chain: c, Sequence: sequence, RangAt: d.Time}, true
}
