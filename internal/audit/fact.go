package audit

import (
	"cmp"

	"holdfast/events"
)

// fact is what the audit keeps of one message: no name and no text, only numbers, so that ten millions of them can be
// put in order beside each other. Ids are kept as hashes. Which member means what follows from the kind.
type fact struct {
	key      uint64 // what facts are joined on
	kind     kind
	group    uint64 // within key: the chain of a link or alarm; the request that a command names
	sequence uint64 // of the message, in the stream that follows from the kind
	at       int64  // when it was stored, in Unix ns by the bus's clock

	what   code // the event's type
	cause  code
	stream code // of origin
	flags  flags
	// origin is the message that was being handled: its sequence in stream.
	origin uint64
	// previous is a link's predecessor; the event that an alarm is for; how often an effect happened.
	previous uint64
	since    int64 // when a wait began, in Unix ns
	until    int64 // when a wait ends, in Unix ns
	asked    int64 // when an operator asked, in Unix ns

	generation uint64 // of the credentials: with version, what failed, or what was seen to work
	version    uint64
	run        uint64
	connection uint64
	actor      uint64
}

// kind is what a fact says. Facts of one key come in the order of their kinds: what answers a question comes before it.
type kind uint8

// The kinds of facts that are joined on a request: first what was asked, then its ledger, its chains, their alarms.
const (
	aCopy    kind = iota // a message of the request
	aMark                // an event on its ledger
	aLink                // an event on a chain
	anAlarm              // an alarm that is set
	anOddity             // a message of upstream systems that has to be refused
)

// The kinds of facts that follow, and are joined on whatever answers them.
const (
	aCommand    kind = iota + 16 // on tenant and time: an operator asked
	ofCommand                    // a link that says so
	aChange                      // on a connection: an event about it
	aMovement                    // a notice that it broke, or works
	ofMovement                   // a resume that says that it works
	anEnd                        // on a run: a chain that was terminated by itself
	aClosing                     // an outcome terminated
	ofEnd                        // a chain that was terminated because of another one
	ofRun                        // a chain that waits, or an effect
	aWish                        // on a request's id: what the target was asked for
	ofTheTarget                  // what it did
	aLetter                      // on a message: it is a dead letter
)

type flags uint16

const (
	atMostOnce flags = 1 << iota
	healable         // a suspension's reason is one that passes without newer credentials
	known            // ofMovement: the wait's begin was seen, and with it what failed
	completed        // aWish: the request is completed
	waits            // ofRun: it is a chain that waits, else an effect
	noTenant         // anOddity: it names another tenant than its subject
)

func (f flags) has(one flags) bool { return f&one != 0 }

// order is how facts are sorted.
func order(a, b fact) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.kind, b.kind), cmp.Compare(a.group, b.group), cmp.Compare(a.sequence, b.sequence))
}

func (f *fact) is() events.Type       { return wordOf(types, f.what) }
func (f *fact) because() events.Cause { return wordOf(causes, f.cause) }
func (f *fact) from() string          { return wordOf(streams, f.stream) }

// code is a word of a closed list in one byte; 0: it is not on the list.
type code uint8

var (
	types  = append(events.Inbound(), events.Outbound()...)
	causes = []events.Cause{events.CauseRestored, events.CauseProbe, events.CauseOperator, events.CauseReconciled, events.CauseDeadline, events.CauseRunTerminated}
	// streams are those that are read, in the order in which they are.
	streams = []string{events.StreamTimers, events.StreamSuspensions, events.StreamActions, events.StreamOutcomes,
		events.StreamDeadLetters, events.StreamConnections, events.StreamPermissions, events.StreamNotices}
)

func codeOf[T comparable](list []T, word T) code {
	for i, w := range list {
		if w == word {
			return code(i + 1)
		}
	}
	return 0
}

func wordOf[T any](list []T, c code) (word T) {
	if c > 0 && int(c) <= len(list) {
		word = list[c-1]
	}
	return word
}
