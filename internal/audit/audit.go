package audit

import (
	"cmp"
	"context"
	"hash/maphash"
	"iter"
	"time"

	"holdfast/events"
)

// Options say what is audited, and how patiently.
type Options struct {
	Tenant string // empty: all
	// From and To are the period, by the bus's clock: what was stored in it is held to the promises; what came of it
	// later counts as well. Zero: from the first message that is kept; until now.
	From, To time.Time
	// Settle is how long workers may take for what follows from something; 0: five minutes, below: no time at all.
	Settle time.Duration
	// Late is how long after its deadline a run may be terminated; 0: five minutes, below: no time at all.
	Late time.Duration
	// Memory is about how much the audit may take, in bytes; 0: 256 MiB. What does not fit goes to files in TempDir.
	Memory  int64
	TempDir string // empty: the system's
	// Effects is what a target did, in any order; nil: nobody asked it.
	Effects iter.Seq2[Effect, error]
	// EffectsComplete: there are no effects of the period's requests that Effects does not have.
	EffectsComplete bool
	// List is how many violations of each check the report lists; 0: 20.
	List int
	// Progress is told how far reading is, now and then; nil: nobody asks.
	Progress func(Progress)
}

// Progress is how far an audit is.
type Progress struct {
	Stream string // that is being read; empty: all are read, and what was read is being compared
	Done   uint64 // sequences passed, of all streams
	Total  uint64 // as far as is known
}

// Defaults.
const (
	DefaultSettle = 5 * time.Minute
	DefaultLate   = 5 * time.Minute
	DefaultMemory = 256 << 20
	DefaultList   = 20
)

// Run audits. Its error is why the source could not be read; violations are in the report: see Report.Err.
func Run(ctx context.Context, s Source, o Options) (Report, error) {
	o.Settle, o.Late = max(0, cmp.Or(o.Settle, DefaultSettle)), max(0, cmp.Or(o.Late, DefaultLate))
	o.Memory, o.List = cmp.Or(o.Memory, DefaultMemory), cmp.Or(o.List, DefaultList)
	a := newAuditor(s, o)
	defer a.close()
	began := time.Now()
	for _, step := range []func(context.Context) error{a.survey, a.read, a.join} {
		if err := step(ctx); err != nil {
			return Report{}, err
		}
	}
	a.report.TookMS = time.Since(began).Milliseconds()
	return a.finish(ctx)
}

// auditor is one audit. Reading fills it under its lock; after that it works alone.
type auditor struct {
	Options

	source Source
	seed   maphash.Seed
	now    int64 // the bus's time, in Unix ns

	extents  map[string]Extent
	backlogs [queues]Backlog

	requests *sorter           // joined on requests
	follows  *sorter           // joined on whatever answers
	dead     map[string]seqSet // messages that are dead letters, by the stream that they were in
	ended    hashSet           // runs that may have been terminated
	waited   int64             // the earliest begin of a wait that ended in the period, in Unix ns; 0: none
	pending  [queues]pending
	seen     bool // something of the period, or that waits in it: else nothing was looked at

	found  findings
	report Report
}

// A quarter and an eighth of the memory are facts: while it collects garbage, Go may take about as much again as is
// in use, and messages on their way need room, too.
const (
	ofRequests = 4
	ofFollows  = 8
)

func newAuditor(s Source, o Options) *auditor {
	a := &auditor{Options: o, source: s, seed: maphash.MakeSeed(), extents: make(map[string]Extent),
		requests: newSorter(o.Memory/ofRequests, o.TempDir), follows: newSorter(o.Memory/ofFollows, o.TempDir),
		dead: make(map[string]seqSet), ended: newHashSet(), found: findings{most: o.List}}
	for _, stream := range streams {
		a.dead[stream] = make(seqSet)
	}
	a.report.Requests.Ended, a.report.Chains.Moves = make(map[string]int), make(map[string]int)
	return a
}

func (a *auditor) close() {
	a.requests.close()
	a.follows.close()
}

// hash makes a number of words. Their order counts, and where one ends and the next begins.
func (a *auditor) hash(words ...string) uint64 {
	var room [256]byte
	buf := room[:0]
	for _, w := range words {
		buf = append(append(buf, w...), 0)
	}
	return maphash.Bytes(a.seed, buf)
}

// young tells whether what follows from something may still be on its way.
func (a *auditor) young(at int64) bool { return a.now < at+int64(a.Settle) }

// inPeriod tells whether what was stored then is to be looked at.
func (a *auditor) inPeriod(at int64) bool {
	return (a.From.IsZero() || at >= a.From.UnixNano()) && a.before(at)
}

func (a *auditor) before(at int64) bool { return a.To.IsZero() || at <= a.To.UnixNano() }

// skew is by how much the clocks of two streams' leaders may differ.
const skew = int64(2 * time.Second)

// keptSince is from when on a stream has everything, in Unix ns: 0 where nothing has been removed from its beginning.
func (a *auditor) keptSince(stream string) int64 {
	e := a.extents[stream]
	if e.First <= 1 {
		return 0
	}
	if e.Messages == 0 {
		return a.now
	}
	return e.FirstStored.UnixNano()
}

// readSince is from when on a stream is read: the period's begin, or that of what is kept.
func (a *auditor) readSince(stream string) int64 { return max(nanos(a.From), a.keptSince(stream)) }

// readFrom is the first sequence of a stream that is read.
func (a *auditor) readFrom(stream string) uint64 {
	e := a.extents[stream]
	if stream == events.StreamSuspensions || a.From.IsZero() {
		return e.First
	}
	for _, r := range a.report.Streams {
		if r.Stream == stream && r.Messages > 0 {
			return r.First
		}
	}
	return e.Last + 1
}
