package events

import (
	"strconv"
	"strings"
	"time"
)

// Headers of a message that is another try of a dead letter. Whoever may publish can set them: nothing is decided
// from them but where the answer is written down, and that the message is no younger than they say.
const (
	// HeaderRetryOf is the dead letter's sequence in HF_DEADLETTERS.
	HeaderRetryOf = "Holdfast-Retry-Of"
	// HeaderTries is how often it had failed before.
	HeaderTries = "Holdfast-Tries"
	// HeaderFirstStored is when the first try was stored, by the bus's clock, as RFC 3339 writes it: a request is as
	// old as its first try.
	HeaderFirstStored = "Holdfast-First-Stored"
)

// DeadLetterData is the payload of a dead letter.
type DeadLetterData struct {
	Tenant     string `json:"tenant,omitempty"`
	Reason     string `json:"reason"`
	Field      string `json:"field,omitempty"` // JSON pointer
	Detail     string `json:"detail"`
	Type       string `json:"event_type,omitempty"`
	EventID    string `json:"event_id,omitempty"`
	Subject    string `json:"subject"`
	Origin     Origin `json:"origin"`
	Consumer   string `json:"consumer"`
	Deliveries uint64 `json:"deliveries"`
	// RetryOf is the dead letter that this message was another try of: its sequence; 0: of none.
	RetryOf uint64 `json:"retry_of,omitempty"`
	// Tries is how often it has failed, this time included; 0, from before there were retries, means once.
	Tries int `json:"tries,omitempty"`
	// FirstStored is when the first try was stored, by the bus's clock.
	FirstStored time.Time `json:"first_stored_at,omitzero"`
	// Original is the message, base64, cut at a bound; absent where it seemed to hold a secret.
	Original []byte `json:"original,omitempty"`
	// Headers are those of a message in binary mode that say what it is: ce-… and content-type.
	Headers       map[string]string `json:"original_headers,omitempty"`
	OriginalBytes int               `json:"original_bytes"`
	Truncated     bool              `json:"original_truncated"`
	Withheld      bool              `json:"original_withheld"`
}

// DeadLetterAct is the payload of deadletter.retried and deadletter.dropped: who did what with a dead letter, and why.
type DeadLetterAct struct {
	Tenant string `json:"tenant"`
	Letter uint64 `json:"dead_letter"` // its sequence in HF_DEADLETTERS
	Actor  string `json:"actor"`
	Why    string `json:"why,omitempty"`
	// Tries is how often the message had failed by then.
	Tries int `json:"tries"`
	// MessageID is what a retry is published under (the header Nats-Msg-Id): how it is found again.
	MessageID string `json:"message_id,omitempty"`
	// Edited says that another event was published in its place.
	Edited bool `json:"edited,omitempty"`
	// Published is where the message is: a retry is said twice, before it is published and afterwards, unless a worker
	// has answered by then.
	Published *Origin `json:"published,omitempty"`
}

// DeadLetterAnswer is the payload of deadletter.answered: what came of a retried dead letter.
type DeadLetterAnswer struct {
	Tenant string `json:"tenant"`
	Letter uint64 `json:"dead_letter"`
	// Origin is where the retried message was.
	Origin Origin `json:"origin"`
	// Outcome is what the worker made of it, such as completed, suspended, applied, rejected, duplicate; AnswerDeadLetter
	// where it failed again: Reason says why, and Next is the new dead letter's sequence.
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	Next    uint64 `json:"next_dead_letter,omitempty"`
}

// AnswerDeadLetter is the outcome of a retried message that became a dead letter again.
const AnswerDeadLetter = "dead_letter"

// DeadLetterActs is where everything is that was done with one dead letter, in order: retried or dropped, which happen
// once, and what came of it.
func DeadLetterActs(tenant string, letter uint64) string {
	return strings.Join([]string{root, tenant, "deadletter", "act", strconv.FormatUint(letter, 10)}, ".")
}

// DeadLetterActsFilter matches what was done with the dead letters of a tenant; an empty one stands for any.
func DeadLetterActsFilter(tenant string) string {
	return strings.Join([]string{root, orAny(tenant), "deadletter", "act", "*"}, ".")
}
