package dispatch

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/secretscan"
)

// incoming is a delivery and what the checks have learned of it so far.
type incoming struct {
	Delivery

	document map[string]any // the structured event, also of one that came in binary mode
	data     []byte         // the payload's text
	tenant   string         // the subject's
	kind     events.Type
	id       string
	time     time.Time
}

func (in *incoming) payload() map[string]any {
	payload, _ := in.document["data"].(map[string]any)
	return payload
}

func (in *incoming) text(attribute string) string {
	text, _ := in.document[attribute].(string)
	return text
}

func (in *incoming) meta() Meta {
	return Meta{Delivery: in.Delivery, Tenant: in.tenant, EventID: in.id, EventTime: in.time}
}

// Bounds of what is shown of a message that nobody has checked, in bytes.
const (
	shownType = 128
	shownID   = 256
)

// result adds what is known of the event. A sender may write anything into type and id: what is long, odd
// or looks like a secret is left out.
func (in *incoming) result(r Result) Result {
	if secretscan.Showable(string(in.kind), shownType) {
		r.EventType = string(in.kind)
	}
	if secretscan.Showable(in.id, shownID) {
		r.EventID = in.id
	}
	return r
}

// tell gives the middleware the ids that logs are searched by.
func (in *incoming) tell(ctx context.Context) {
	facts := factsOf(ctx)
	if facts == nil {
		return
	}
	payload := in.payload()
	facts.Tenant = in.tenant
	facts.Request = shownWord(payload["request_id"])
	facts.Run = shownWord(payload["run_id"])
	facts.Connection = shownWord(payload["connection_id"])
}

func shownWord(v any) string {
	id, _ := v.(string)
	if !events.ValidID(id) || secretscan.LooksSecret(id) {
		return ""
	}
	return id
}
