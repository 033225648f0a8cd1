package bus

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

// Buckets are streams: key k of bucket b is the last message on $KV.b.k. Everything here goes through the
// same compare-and-set as ledgers and chains, so a lost answer is never mistaken for a conflict.

const (
	kvOperation = "KV-Operation"
	kvDelete    = "DEL"
	kvPurge     = "PURGE"
)

// gone tells whether a message says that its key is no more: deleted, purged, or expired.
func gone(h nats.Header) bool {
	op := h.Get(kvOperation)
	return op == kvDelete || op == kvPurge || h.Get(jetstream.MarkerReasonHeader) != ""
}

func kvSubject(bucket, key string) string { return kvSubjectPrefix + bucket + "." + key }

// value is a key's last message.
type value struct {
	data     []byte
	revision uint64 // also of the message that says that it is gone
	gone     bool   // also where there never was one
}

func (b *Bus) kvGet(ctx context.Context, bucket, key string) (value, error) {
	m, err := b.last(ctx, kvPrefix+bucket, kvSubject(bucket, key))
	if missing(err) {
		return value{gone: true}, nil
	}
	if err != nil {
		return value{}, err
	}
	return value{m.Data, m.Sequence, gone(m.Header)}, nil
}

// kvPut stores a value expecting revision to be the key's last; 0: no value, and one that is gone counts
// as none. ttl 0: none.
func (b *Bus) kvPut(ctx context.Context, bucket, key string, data []byte, revision uint64, ttl time.Duration) (uint64, error) {
	w := write{stream: kvPrefix + bucket, subject: kvSubject(bucket, key), id: uuid.NewString(), after: revision, data: data}
	if ttl > 0 {
		w.header = nats.Header{jetstream.MsgTTLHeader: {wholeSeconds(ttl)}}
	}
	seq, winner, err := b.cas(ctx, w)
	if err != nil && revision == 0 && winner != nil && gone(winner.Header) {
		w.after = winner.Sequence
		seq, _, err = b.cas(ctx, w)
	}
	return seq, err
}

// kvDrop purges a key. Revision 0: whatever is there. The marker that it leaves lives for keep (0: as long
// as the bucket keeps values).
func (b *Bus) kvDrop(ctx context.Context, bucket, key string, revision uint64, keep time.Duration) error {
	h := nats.Header{kvOperation: {kvPurge}, jetstream.MsgRollup: {jetstream.MsgRollupSubject}}
	if keep > 0 {
		h[jetstream.MsgTTLHeader] = []string{wholeSeconds(keep)}
	}
	w := write{stream: kvPrefix + bucket, subject: kvSubject(bucket, key), id: uuid.NewString(), after: revision, header: h}
	if revision > 0 {
		_, _, err := b.cas(ctx, w)
		return err
	}
	err := b.try(ctx, "purge from "+bucket, func(ctx context.Context) error {
		_, err := b.js.PublishMsg(ctx, w.message(ctx), jetstream.WithMsgID(w.id), jetstream.WithRetryAttempts(0))
		return err
	})
	if err != nil {
		return b.failed("purge from "+bucket, time.Now(), err)
	}
	return nil
}

// wholeSeconds is a TTL as the server reads it, rounded up: it cuts fractions, and refuses less than one.
func wholeSeconds(d time.Duration) string {
	s := max(1, int64((d+time.Second-1)/time.Second))
	return strconv.FormatInt(s, 10) + "s"
}

// conflict tells whether somebody else was first.
func conflict(err error) bool { return fault.Is(err, fault.Conflict) }
