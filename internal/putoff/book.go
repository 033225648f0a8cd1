// Package putoff keeps why a worker put requests off the last time. Nothing is stored on the bus about that, for it may
// happen again and again: it is in the worker's memory, within bounds, for operators to ask for.
package putoff

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Most is how many requests a Book knows; beyond, it forgets those that were put off the longest ago. It is a few
// megabytes.
const Most = 10_000

// Entry is how a worker put a request off the last time. It holds ids, times and one safe sentence, as the worker's log
// does.
type Entry struct {
	Tenant     string `json:"tenant"`
	Request    string `json:"request_id"`
	Connection string `json:"connection_id,omitempty"`
	// Stream and Sequence are where the message is that comes again.
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Deliveries is how often the message had been delivered by then, to any worker.
	Deliveries uint64       `json:"deliveries"`
	Reason     fault.Reason `json:"reason"`
	Detail     string       `json:"detail,omitempty"`
	At         time.Time    `json:"at"`      // by the bus's clock
	NextAt     time.Time    `json:"next_at"` // about when it comes again
	Worker     string       `json:"worker,omitempty"`
}

// Book is what one worker knows. It may be used by many at the same time.
type Book struct {
	kept *lru.Cache[key, Entry]
	most int
}

type key struct{ tenant, request string }

// New makes an empty book of at most so many requests; 0 stands for Most.
func New(most int) *Book {
	if most == 0 {
		most = Most
	}
	kept, _ := lru.New[key, Entry](most) // fails for a size below 1 alone
	return &Book{kept, most}
}

// Of gives what is known of requests of a tenant.
func (b *Book) Of(tenant string, requests []string) []Entry {
	found := []Entry{}
	for _, r := range requests {
		if e, ok := b.kept.Peek(key{tenant, r}); ok {
			found = append(found, e)
		}
	}
	return found
}

// Listen is what writes the book: to be told by dispatch.PuttingOff of one consumer. pause is how long a message waits
// after so many deliveries, where nobody asks for more.
func (b *Book) Listen(now func() time.Time, pause func(deliveries uint64) time.Duration) dispatch.PutOffs {
	return listener{b, now, pause}
}

type listener struct {
	*Book

	now   func() time.Time
	pause func(deliveries uint64) time.Duration
}

// PutOff notes why a request comes again.
func (l listener) PutOff(f dispatch.Facts, d dispatch.Delivery, why *fault.Fault) {
	at := l.now()
	l.kept.Add(key{f.Tenant, f.Request}, Entry{Tenant: f.Tenant, Request: f.Request, Connection: f.Connection,
		Stream: d.Stream, Sequence: d.Sequence, Deliveries: d.Deliveries, Reason: why.Reason, Detail: why.Detail,
		At: at, NextAt: at.Add(max(l.pause(d.Deliveries), why.RetryAfter))})
}

// Settled forgets a request that does not come again.
func (l listener) Settled(f dispatch.Facts) { l.kept.Remove(key{f.Tenant, f.Request}) }
