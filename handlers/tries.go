package handlers

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"holdfast/events"
	"holdfast/internal/connector"
	"holdfast/internal/dispatch"
)

// harmlessKept is how many messages are remembered that came to nothing so far; those put off the longest ago go first.
const harmlessKept = 10_000

// harmlessCache holds messages that will come again, and up to which of their deliveries it is known that none changed
// anything outside. Nothing on the bus says that of an at-least-once request: what this worker did not see, such as the
// deliveries of one that died, may have.
type harmlessCache = lru.Cache[events.Origin, uint64]

func newHarmlessCache() *harmlessCache {
	c, err := lru.New[events.Origin, uint64](harmlessKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

// recallTries tells the job whether an earlier delivery of its message may have changed something.
func (h *Handlers) recallTries(j *job) {
	if j.Deliveries > 1 {
		last, ok := h.harmless.Peek(j.origin())
		j.triedBefore = !ok || last != j.Deliveries-1
	}
}

// noteTry remembers a delivery that comes again and changed nothing, and nor did those before it.
func (h *Handlers) noteTry(j *job, res dispatch.Result) {
	if res.Verb == dispatch.Retry && !j.triedBefore && !j.sent {
		h.harmless.Add(j.origin(), j.Deliveries)
	}
}

// inDoubt is what the end of a job says beside its reason where an earlier delivery may have done what it says did not
// come about; empty where none can have. That delivery may be why: the record is not what it was before.
func (h *Handlers) inDoubt(j *job, t events.Type) string {
	if !j.triedBefore || j.atMostOnce() {
		return ""
	}
	records, writes := h.writes(j)
	ruled := t == events.ActionDenied || t == events.ActionSkipped
	if writes && (ruled || t == events.ActionFailed && records) {
		return "; an earlier try of this request may have taken effect all the same: look at the target before it is done again"
	}
	return ""
}

// writes tells whether a job's action is about records, and whether it may change something: what is not about records
// may, for all that is known here.
func (h *Handlers) writes(j *job) (records, writes bool) {
	con, _ := h.Connectors.Lookup(j.req.Action.Connector)
	r, ok := con.(connector.Records)
	if !ok {
		return false, true
	}
	touch, err := r.Touches(j.req.Action.Operation, j.req.Action.Input)
	return true, err == nil && touch.Op != events.ReadRecords
}
