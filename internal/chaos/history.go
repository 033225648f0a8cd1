package chaos

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
)

// Message is one stored message.
type Message struct {
	Stream   string
	Subject  string
	Sequence uint64
	Stored   time.Time
	Header   nats.Header // may be nil
	Data     []byte
}

// History is what the bus keeps of requests and of what became of them. The zero History is empty; Read
// fills one from a bus, Add from single messages, in any order of streams but each stream in its own.
type History struct {
	// Now is the bus's time at which the history was read.
	Now time.Time
	// Effects says how often each Idempotency-Key was applied at the target; nil: nobody counted.
	Effects map[string]int

	requests []request
	ledgers  map[string][]record[events.Outcome]
	chains   map[string][]record[events.Suspension]
	letters  map[events.Origin]events.DeadLetterData
	alarms   map[string]uint64 // timer key → sequence of its message
	broken   []Violation       // what could not be read
}

type request struct {
	Message

	events.Request

	readable bool
}

type record[T any] struct {
	Message

	is   events.Type
	data T
}

// envelope is as much of a CloudEvent in structured mode as the checker looks at.
type envelope struct {
	Type events.Type     `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Add takes one message in. Streams that say nothing about requests are passed over.
func (h *History) Add(m Message) {
	switch m.Stream {
	case events.StreamActions:
		h.addRequest(m)
	case events.StreamOutcomes:
		h.ledgers = add(h, h.ledgers, m)
	case events.StreamSuspensions:
		h.chains = add(h, h.chains, m)
	case events.StreamDeadLetters:
		h.addLetter(m)
	case events.StreamTimers:
		h.addTimer(m)
	}
}

// addRequest reads a request in structured mode, or in binary mode, where the payload is the whole body.
func (h *History) addRequest(m Message) {
	if !strings.HasSuffix(m.Subject, ".action.requested") {
		return
	}
	r := request{Message: m}
	data := json.RawMessage(m.Data)
	var e envelope
	if json.Unmarshal(m.Data, &e) == nil && e.Type != "" {
		data = e.Data
	}
	r.readable = json.Unmarshal(data, &r.Request) == nil && r.ID != ""
	r.Tenant = events.TenantOf(m.Subject)
	h.requests = append(h.requests, r)
}

func add[T any](h *History, to map[string][]record[T], m Message) map[string][]record[T] {
	if to == nil {
		to = make(map[string][]record[T])
	}
	r := record[T]{Message: m}
	var e envelope
	if json.Unmarshal(m.Data, &e) != nil || json.Unmarshal(e.Data, &r.data) != nil {
		h.broken = append(h.broken, Violation{Unreadable, m.Subject, m.Sequence, "no event that can be read"})
		return to
	}
	r.is = e.Type
	to[m.Subject] = append(to[m.Subject], r)
	return to
}

func (h *History) addLetter(m Message) {
	var e envelope
	var l events.DeadLetterData
	if json.Unmarshal(m.Data, &e) != nil || json.Unmarshal(e.Data, &l) != nil {
		h.broken = append(h.broken, Violation{Unreadable, m.Subject, m.Sequence, "no dead letter that can be read"})
		return
	}
	if h.letters == nil {
		h.letters = make(map[events.Origin]events.DeadLetterData)
	}
	h.letters[l.Origin] = l
}

// addTimer notes an alarm that is set. A marker takes it away: of its expiry, or of its cancelling.
func (h *History) addTimer(m Message) {
	key := strings.TrimPrefix(m.Subject, "$KV."+events.BucketTimers+".")
	if h.alarms == nil {
		h.alarms = make(map[string]uint64)
	}
	if m.Header.Get("KV-Operation") != "" || m.Header.Get("Nats-Marker-Reason") != "" {
		delete(h.alarms, key)
		return
	}
	h.alarms[key] = m.Sequence
}

// timerKey is the alarm's key of a chain's event.
func timerKey(c events.Chain, sequence uint64) string {
	return strings.Join([]string{c.Tenant, c.Connection, c.Run, c.Request, strconv.FormatUint(sequence, 10)}, ".")
}

// parseTimer reads which event of which chain an alarm belongs to.
func parseTimer(key string) (c events.Chain, sequence uint64, ok bool) {
	t := strings.Split(key, ".")
	if len(t) != 5 {
		return c, 0, false
	}
	sequence, err := strconv.ParseUint(t[4], 10, 64)
	return events.Chain{Tenant: t[0], Connection: t[1], Run: t[2], Request: t[3]}, sequence, err == nil
}

// sorted gives a map's values in the order of their keys, so that reports of one history are the same.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
