package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"holdfast/events"
)

// Kind is what a story is about.
type Kind string

// The kinds.
const (
	Run        Kind = "run"
	Request    Kind = "request"
	Connection Kind = "connection"
)

// Question asks for one story.
type Question struct {
	Kind   Kind
	Tenant string
	ID     string
	// Since is how far back streams are searched; 0: as far as the ledger goes, and only for what can not be looked up.
	Since time.Duration
}

// Story is what became of one thing.
type Story struct {
	Question

	// Entries are in the order of time; the last ones say how it stands now.
	Entries []Entry

	about  map[string]*thread // by request id
	seen   seen
	others map[string]bool // connections that the requests are about
	// letters are the dead letters of the story, by sequence.
	letters map[uint64]Entry
	// early lets in what happened to the connections before the requests came: why they do not work.
	early bool
	// following is set once the story is told: then nothing is too late for it.
	following bool
}

// thread is what is known of one request.
type thread struct {
	request, connection, run string

	origins []uint64 // where it was seen in HF_ACTIONS
	ledger  Entry    // the last of its ledger; the zero Entry where there is none
	chain   Entry    // the last of its chain
	letter  Entry    // the last of its dead letters
	dealt   Entry    // what was done with that one last
	again   []string // the requests that did it again
	first   time.Time
	last    time.Time
}

func newStory(q Question) *Story {
	s := &Story{Question: q, about: make(map[string]*thread), seen: newSeen(), others: make(map[string]bool),
		letters: make(map[uint64]Entry)}
	switch q.Kind {
	case Request:
		s.about[q.ID] = &thread{request: q.ID}
	case Connection:
		s.others[q.ID] = true
	case Run:
	}
	return s
}

// add takes an entry in where it belongs to the story, and tells whether it is new.
func (s *Story) add(e Entry) bool {
	if e.kind == events.DeadLetter && e.Request == "" && s.Kind != Connection {
		e.Request = s.handled(e.origin)
	}
	if isAct(e.kind) {
		e = e.about(s.letters[e.Letter])
	} else if old := s.about[e.ReplayOf]; s.Kind == Request && e.kind == events.ActionRequested && old != nil {
		e = e.doneAgain()
		old.again = append(old.again, e.DoneAgainAs)
	}
	if !s.concerns(e) || !s.seen.first(e) || s.saidBefore(e) {
		return false
	}
	s.Entries = append(s.Entries, e)
	if e.kind == events.DeadLetter {
		s.letters[e.Sequence] = e
	}
	if e.Request != "" && !isCommand(e.kind) && s.Kind != Connection {
		s.note(e)
	}
	return true
}

// concerns tells whether an entry is a part of the story.
func (s *Story) concerns(e Entry) bool {
	switch {
	case s.Kind == Connection:
		return e.Connection == s.ID && (e.Request == "" || e.kind.Noun() == "suspension")
	case e.Request != "":
		return s.about[e.Request] != nil || s.Kind == Run && e.Run == s.ID
	case e.Run != "":
		return s.ofRun(e.Run) && s.within(e.At)
	default:
		return s.others[e.Connection] && s.within(e.At)
	}
}

// handled is the request that a message of HF_ACTIONS, or the last of a chain, is one of; empty where it is none of them.
// A dead letter whose message was kept back, for it seemed to hold a secret, or cut, is known by nothing else.
func (s *Story) handled(o events.Origin) string {
	for _, t := range s.about {
		if o == (events.Origin{Stream: events.StreamSuspensions, Sequence: t.chain.Sequence}) {
			return t.request
		}
		if o.Stream == events.StreamActions && slices.Contains(t.origins, o.Sequence) {
			return t.request
		}
	}
	return ""
}

func (s *Story) ofRun(run string) bool {
	if s.Kind == Run {
		return run == s.ID
	}
	for _, t := range s.about {
		if t.run == run {
			return true
		}
	}
	return false
}

// within tells whether something was still on its way then: what happens to a connection before a request comes,
// and after it has ended, is another story.
func (s *Story) within(t time.Time) bool {
	if s.following || s.early {
		return true
	}
	for _, th := range s.about {
		if !t.Before(th.first) && (!th.ledger.kind.Ends() || !t.After(th.last)) {
			return true
		}
	}
	return false
}

// note keeps what the request's state follows from.
func (s *Story) note(e Entry) {
	t := s.about[e.Request]
	if t == nil {
		t = &thread{request: e.Request}
		s.about[e.Request] = t
	}
	switch {
	case e.kind == events.DeadLetter:
		t.failed(e)
	case isAct(e.kind):
		t.deal(e)
	case e.DoneAgainAs != "":
		return // another request's beginning
	case e.kind == events.ActionRequested:
		t.origin(events.Origin{Stream: e.Stream, Sequence: e.Sequence})
	case e.kind.Noun() == "action":
		t.ledger = later(t.ledger, e)
		t.origin(e.origin)
	case e.kind != events.SuspensionEndingSoon:
		t.chain = later(t.chain, e)
		t.origin(e.origin)
	}
	if t.first.IsZero() || e.At.Before(t.first) {
		t.first = e.At
	}
	if e.At.After(t.last) {
		t.last = e.At
	}
	t.connection, t.run = cmp.Or(e.Connection, t.connection), cmp.Or(e.Run, t.run)
	if t.connection != "" {
		s.others[t.connection] = true
	}
}

func (t *thread) origin(o events.Origin) {
	if o.Stream == events.StreamActions && !slices.Contains(t.origins, o.Sequence) {
		t.origins = append(t.origins, o.Sequence)
	}
}

// later is the one that was stored last: the history tells some a second time, and later.
func later(a, b Entry) Entry {
	if b.At.Before(a.At) {
		return a
	}
	return b
}

// open tells whether the request has not ended.
func (t *thread) open() bool { return !t.ledger.kind.Ends() }

// threads are the requests, in the order in which they came.
func (s *Story) threads() []*thread {
	all := make([]*thread, 0, len(s.about))
	for _, t := range s.about {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *thread) int { return a.first.Compare(b.first) })
	return all
}

// began is when the first thing happened; zero where nothing has.
func (s *Story) began() (t time.Time) {
	for _, th := range s.about {
		if t.IsZero() || !th.first.IsZero() && th.first.Before(t) {
			t = th.first
		}
	}
	return t
}

// inOrder sorts the entries by time; what was stored at the same moment stays in the order of its stream. A request
// that was published before is told as such.
func (s *Story) inOrder() {
	slices.SortStableFunc(s.Entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	before := make(map[string]bool)
	for i, e := range s.Entries {
		if e.kind != events.ActionRequested || e.DoneAgainAs != "" {
			continue
		}
		if before[e.Request] {
			s.Entries[i].Text = "published again: " + e.Text
		}
		before[e.Request] = true
	}
}

// names are the ids that whatever concerns the story holds one of.
func (s *Story) names() []string {
	ids := []string{s.ID}
	for c := range s.others {
		ids = append(ids, c)
	}
	for _, t := range s.about {
		if t.run != "" && !slices.Contains(ids, t.run) {
			ids = append(ids, t.run)
		}
	}
	return ids
}

// openConnections are those of the requests that have not ended.
func (s *Story) openConnections() (ids []string) {
	for _, t := range s.threads() {
		if t.open() && t.connection != "" && !slices.Contains(ids, t.connection) {
			ids = append(ids, t.connection)
		}
	}
	return ids
}

// openRequests are those that have not ended.
func (s *Story) openRequests() (ids []string) {
	for _, t := range s.threads() {
		if t.open() {
			ids = append(ids, t.request)
		}
	}
	return ids
}

// waited tells whether any of the requests waits, or did.
func (s *Story) waited() bool {
	for _, t := range s.about {
		if t.open() || t.chain.kind != "" {
			return true
		}
	}
	return false
}

// leftOut notes that older entries of a stream are too many; the first that is kept is at index i.
func (s *Story) leftOut(stream string, i, n int) {
	s.Entries = slices.Insert(s.Entries, i, Entry{At: s.Entries[i].At, Event: EventLeftOut, Tenant: s.Tenant, Stream: stream, More: n,
		Text: fmt.Sprintf("%d older entries of %s are left out; --since narrows the time", n, stream)})
}
