package chaos

import "holdfast/events"

// mayFollow is the chain's protocol: which event may follow which; "" is the empty chain.
var mayFollow = map[events.Type][]events.Type{
	"":                          {events.SuspensionSuspended},
	events.SuspensionSuspended:  {events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated},
	events.SuspensionExtended:   {events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated},
	events.SuspensionResumed:    {events.SuspensionSuspended},
	events.SuspensionTerminated: {},
}

func allowed(before, next events.Type) bool {
	for _, t := range mayFollow[before] {
		if t == next {
			return true
		}
	}
	return false
}

// checkChains looks at each chain, link by link, and then at what its last event promises.
func (c *checker) checkChains() {
	for _, subject := range sorted(c.chains) {
		var before record[events.Suspension]
		for _, r := range c.chains[subject] {
			c.Moves[r.is]++
			c.checkLink(before, r)
			before = r
		}
		c.checkLast(before)
	}
}

func (c *checker) checkLink(before, r record[events.Suspension]) {
	if r.data.Chain().Subject() != r.Subject {
		c.violate(WrongSubject, r.Message, "an event of %s", r.data.Chain().Subject())
	}
	if r.data.Previous != before.Sequence {
		c.violate(BrokenLink, r.Message, "follows %d and names %d", before.Sequence, r.data.Previous)
	}
	if !allowed(before.is, r.is) {
		c.violate(BadMove, r.Message, "%s after %q", r.is, before.is)
	}
	if r.is != events.SuspensionTerminated || r.data.Cause != events.CauseDeadline {
		return
	}
	// The deadline that counts is that of the wait, not what its end says of it.
	if r.Stored.Before(before.data.TerminatesAt) {
		c.violate(Early, r.Message, "by %s", before.data.TerminatesAt.Sub(r.Stored))
	}
}

// checkLast holds the request to what its chain says in the end.
func (c *checker) checkLast(last record[events.Suspension]) {
	end, ended := c.endOf(events.LedgerSubject(last.data.Tenant, last.data.Request))
	switch {
	case last.is.Waits():
		c.checkWaiting(last)
	case c.young(last.Stored) && !ended:
	case last.is == events.SuspensionResumed && !ended:
		c.violate(ResumedLost, last.Message, "its request has not ended")
	case last.is == events.SuspensionTerminated && !ended:
		c.violate(TerminatedLives, last.Message, "its request has not ended")
	case last.is == events.SuspensionTerminated && end.is != events.ActionTerminated && end.Stored.After(last.Stored):
		c.violate(TerminatedLives, last.Message, "its request ended later, as %s", end.is)
	}
}

func (c *checker) checkWaiting(last record[events.Suspension]) {
	until := last.data.TerminatesAt
	if !c.young(until) {
		c.violate(Overdue, last.Message, "since %s", until.Format("15:04:05.000"))
		return
	}
	c.Waiting++
	_, alarm := c.alarms[timerKey(last.data.Chain(), last.Sequence)]
	if !alarm && !c.young(last.Stored) && c.Now.Before(until) {
		c.violate(NoAlarm, last.Message, "it waits until %s", until.Format("15:04:05.000"))
	}
}

// waits tells whether a chain waits and its time, or what follows from its end, is not over.
func (c *checker) waits(chain events.Chain) bool {
	records := c.chains[chain.Subject()]
	if len(records) == 0 {
		return false
	}
	last := records[len(records)-1]
	return last.is.Waits() && c.young(last.data.TerminatesAt) || c.young(last.Stored)
}

// checkAlarms looks for alarms that nobody needs. A worker that dies between a chain's end and the alarm's
// leaves one until its own time is over; longer, nobody does.
func (c *checker) checkAlarms() {
	for _, key := range sorted(c.alarms) {
		at := Message{Subject: key, Sequence: c.alarms[key]}
		chain, sequence, ok := parseTimer(key)
		if !ok {
			c.violate(Unreadable, at, "no key of an alarm")
			continue
		}
		records := c.chains[chain.Subject()]
		i := len(records) - 1
		for i >= 0 && records[i].Sequence != sequence {
			i--
		}
		switch {
		case i < 0:
			c.violate(AlarmLeft, at, "its chain has no event %d", sequence)
		case i == len(records)-1 && records[i].is.Waits():
		case !c.young(records[i].data.TerminatesAt) && !c.young(records[len(records)-1].Stored):
			c.violate(AlarmLeft, at, "the chain has moved on to %s", records[len(records)-1].is)
		}
	}
}
