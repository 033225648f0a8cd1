package chaos

import (
	"holdfast/events"
)

// checkRequests holds every published request to its end.
func (c *checker) checkRequests() {
	copies := make(map[string][]request)
	for _, r := range c.requests {
		if !r.readable {
			if _, dead := c.letter(r); !dead && !c.young(r.Stored) {
				c.violate(NotEnded, r.Message, "a message that is no request has no dead letter")
			}
			continue
		}
		ledger := events.LedgerSubject(r.Tenant, r.ID)
		copies[ledger] = append(copies[ledger], r)
	}
	c.Distinct = len(copies)
	for _, ledger := range sorted(copies) {
		c.checkCopies(ledger, copies[ledger])
	}
}

func (c *checker) letter(r request) (events.DeadLetterData, bool) {
	l, ok := c.letters[events.Origin{Stream: r.Stream, Sequence: r.Sequence}]
	return l, ok
}

// checkCopies holds all messages of one request to one end. A copy that is a dead letter has ended by
// itself; where all of them are, an end on the ledger is one too many.
func (c *checker) checkCopies(ledger string, copies []request) {
	alive := 0
	for _, r := range copies {
		if _, dead := c.letter(r); !dead {
			alive++
		}
	}
	_, ended := c.endOf(ledger)
	switch first := copies[0]; {
	case alive == 0 && ended:
		c.violate(EndedTwice, first.Message, "a dead letter, and an end on its ledger")
	case alive > 0 && !ended && !c.young(first.Stored) && !c.waits(first.Chain()):
		c.violate(NotEnded, first.Message, "published %d times, and without an end", len(copies))
	}
	c.checkEffects(ledger, copies[0])
}

func (c *checker) checkEffects(ledger string, r request) {
	if c.Effects == nil {
		return
	}
	n := c.Effects[r.ID]
	if r.Delivery == events.AtMostOnce && n > 1 {
		c.violate(EffectTwice, r.Message, "applied %d times", n)
	}
	if end, ok := c.endOf(ledger); ok && end.is == events.ActionCompleted && n == 0 {
		c.violate(NoEffect, r.Message, "completed at %d of its ledger", end.Sequence)
	}
}

// endOf is the first end on a ledger.
func (c *checker) endOf(ledger string) (record[events.Outcome], bool) {
	for _, r := range c.ledgers[ledger] {
		if r.is.Ends() {
			return r, true
		}
	}
	return record[events.Outcome]{}, false
}

// checkLedgers looks at each ledger as it stands.
func (c *checker) checkLedgers() {
	asked, since := c.asked()
	for _, subject := range sorted(c.ledgers) {
		ledger := c.ledgers[subject]
		first := ledger[0].Stored
		if !asked[subject] && since != nil && first.After(since.Stored) && !c.young(first) {
			c.violate(NotAsked, ledger[0].Message, "nobody published this request")
		}
		c.checkLedger(ledger)
	}
}

// asked is the ledgers of all published requests, and the oldest request that is kept: older ledgers may
// have outlived theirs.
func (c *checker) asked() (ledgers map[string]bool, since *request) {
	ledgers = make(map[string]bool, len(c.requests))
	for i, r := range c.requests {
		ledgers[events.LedgerSubject(r.Tenant, r.ID)] = true
		if since == nil || r.Stored.Before(since.Stored) {
			since = &c.requests[i]
		}
	}
	return ledgers, since
}

func (c *checker) checkLedger(ledger []record[events.Outcome]) {
	ended, started := false, false
	for _, r := range ledger {
		if events.LedgerSubject(r.data.Tenant, r.data.Request) != r.Subject {
			c.violate(WrongSubject, r.Message, "the outcome of %s/%s", r.data.Tenant, r.data.Request)
		}
		switch {
		case r.is.Ends() && ended:
			c.violate(EndedTwice, r.Message, "%s after the end", r.is)
		case ended:
			c.violate(AfterEnd, r.Message, "%s after the end", r.is)
		}
		switch r.is {
		case events.ActionStarted:
			if started {
				c.violate(StartedTwice, r.Message, "started again, and not released before")
			}
			started = true
		case events.ActionReleased:
			started = false
		case events.ActionSuspended:
		default:
			if !r.is.Ends() {
				c.violate(NoLedgerEvent, r.Message, "%s", r.is)
				continue
			}
			c.Ends[r.is]++
			ended = true
		}
	}
}
