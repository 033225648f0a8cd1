package audit

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/events"
)

// pass is one reading of one stream.
type pass struct {
	stream string
	filter string
	since  func() time.Time // zero: all that is kept
	read   func(*batch, Message)
}

// passes are in an order in which what follows from something is read after it.
func (a *auditor) passes() []pass {
	all, period := func() time.Time { return time.Time{} }, func() time.Time { return a.From }
	tenant := cmp.Or(a.Tenant, "*")
	every := events.OfTenant(tenant)
	passes := []pass{
		{events.StreamTimers, "$KV." + events.BucketTimers + "." + tenant + ".>", all, (*batch).alarm},
		{events.StreamSuspensions, every, all, (*batch).link}, // a wait is longer than most periods
		{events.StreamActions, every, period, (*batch).action},
		{events.StreamOutcomes, every, period, (*batch).mark},
		{events.StreamDeadLetters, every, period, (*batch).letter},
		{events.StreamConnections, every, all, (*batch).change}, // credentials are older than most periods, too
		{events.StreamPermissions, every, period, (*batch).fact},
		{events.StreamNotices, every, a.waitedSince, (*batch).notice},
	}
	if !a.From.IsZero() { // whoever asked for a move of the period may have done so before it
		commands := pass{events.StreamActions, "hf." + tenant + ".suspension.*", all, (*batch).earlier}
		passes = append(passes, commands)
	}
	return passes
}

// survey asks how far the workers are, and then what the streams hold: whatever was answered by then has its end in
// there, and what comes later is not looked at.
func (a *auditor) survey(ctx context.Context) (err error) {
	for q := range queues {
		if a.backlogs[q], err = a.source.Backlog(ctx, q); err != nil {
			return err
		}
	}
	for _, stream := range streams {
		if a.extents[stream], err = a.source.Extent(ctx, stream); err != nil {
			return err
		}
	}
	a.report.Now = a.extents[streams[0]].Now.UTC()
	a.now = a.report.Now.UnixNano()
	a.report.Tenant, a.report.From, a.report.To = a.Tenant, a.From, a.To
	return nil
}

func (a *auditor) read(ctx context.Context) error {
	for _, p := range a.passes() {
		if err := a.readStream(ctx, p); err != nil {
			return err
		}
	}
	return a.readEffects()
}

// batchSize is how many messages are decoded together.
const batchSize = 256

// readStream reads what there is of one stream, and decodes it on all processors.
func (a *auditor) readStream(ctx context.Context, p pass) error {
	g, ctx := errgroup.WithContext(ctx)
	work := make(chan []Message)
	var lock sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error { return a.decode(p, work, &lock) })
	}
	g.Go(func() error {
		defer close(work)
		return a.fetch(ctx, p, work)
	})
	return g.Wait()
}

// fetch hands on what a stream holds, in batches, and notes how far the reading is.
func (a *auditor) fetch(ctx context.Context, p pass, work chan<- []Message) error {
	r := Read{Stream: p.stream}
	batch := make([]Message, 0, batchSize)
	send := func() error {
		a.progress(r)
		select {
		case work <- batch:
			batch = make([]Message, 0, batchSize)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	last := a.extents[p.stream].Last
	if p.stream == events.StreamTimers { // a key's last message takes the place of the one before: there is no going back
		last = math.MaxUint64
	}
	for m, err := range a.source.Messages(ctx, p.stream, p.filter, Range{Since: p.since(), Last: last}) {
		if err != nil {
			return err
		}
		if r.Messages++; r.Messages == 1 {
			r.First = m.Sequence
		}
		r.Last = m.Sequence
		a.seen = a.seen || a.inPeriod(m.Stored.UnixNano())
		if batch = append(batch, m); len(batch) == batchSize {
			if err := send(); err != nil {
				return err
			}
		}
	}
	a.report.Streams = append(a.report.Streams, r)
	return send()
}

// decode reads batches until there are no more, and hands over what they come to.
func (a *auditor) decode(p pass, work <-chan []Message, lock *sync.Mutex) error {
	b := &batch{auditor: a, pass: p}
	for messages := range work {
		for _, m := range messages {
			p.read(b, m)
		}
		lock.Lock()
		err := a.take(b)
		lock.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// take puts what a batch came to together with the rest.
func (a *auditor) take(b *batch) error {
	for _, f := range b.facts {
		a.note(f)
	}
	for _, o := range b.buried {
		if e, read := a.extents[o.Stream]; read && o.Sequence <= e.Last {
			a.dead[o.Stream].add(o.Sequence)
		}
	}
	a.found.merge(&b.found)
	err := cmp.Or(a.requests.add(b.facts...), a.follows.add(b.follows...))
	b.facts, b.follows, b.buried, b.found = b.facts[:0], b.follows[:0], b.buried[:0], findings{}
	return err
}

// note remembers what later passes, and joins, want to know ahead.
func (a *auditor) note(f fact) {
	if f.kind != aLink {
		return
	}
	switch f.is() {
	case events.SuspensionTerminated:
		a.ended.add(f.run)
	case events.SuspensionResumed:
		if a.inPeriod(f.at) && (a.waited == 0 || f.since < a.waited) {
			a.waited = f.since
		}
	default:
	}
}

// waitedSince is since when notices are of interest: the waits that ended in the period may have begun before it, and
// what was told a moment before they began counts.
func (a *auditor) waitedSince() time.Time {
	since := a.waited - max(int64(a.Settle), skew)
	if a.From.IsZero() || a.waited == 0 || since >= a.From.UnixNano() {
		return a.From
	}
	return time.Unix(0, since)
}

// progress tells how far reading is: r is the stream that is being read, and those before it are done.
func (a *auditor) progress(r Read) {
	if a.Progress == nil {
		return
	}
	p := Progress{Stream: r.Stream}
	for i, stream := range streams {
		e := a.extents[stream]
		p.Total += e.size()
		switch {
		case i < len(a.report.Streams):
			p.Done += e.size()
		case stream == r.Stream && r.Messages > 0:
			p.Done += min(r.Last-e.First+1, e.size())
		}
	}
	a.Progress(p)
}

// size is how many sequences a stream spans.
func (e Extent) size() uint64 {
	if e.Messages == 0 {
		return 0
	}
	return e.Last - e.First + 1
}
