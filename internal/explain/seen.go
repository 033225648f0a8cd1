package explain

import "holdfast/events"

// seen knows what a story holds already. A message may be come by twice, and HF_HISTORY repeats the ledgers and the
// chains under sequences of its own. Nothing else is left out for its id: two sources may use the same, and what is
// published again keeps its own.
type seen struct {
	messages map[events.Origin]bool
	told     map[identity]bool // true: by HF_HISTORY alone
}

// identity is what makes an event the same in two streams.
type identity struct{ source, id, event string }

func newSeen() seen {
	return seen{messages: make(map[events.Origin]bool), told: make(map[identity]bool)}
}

// first notes an entry, and tells whether it is new.
func (s seen) first(e Entry) bool {
	at := events.Origin{Stream: e.Stream, Sequence: e.Sequence}
	if s.messages[at] {
		return false
	}
	s.messages[at] = true
	history, is := e.Stream == events.StreamHistory, identity{e.Source, e.EventID, string(e.kind)}
	if by, twice := s.told[is]; twice && (history || by) {
		return false
	}
	s.told[is] = history
	return true
}
