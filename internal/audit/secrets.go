package audit

import (
	"github.com/go-json-experiment/json"

	"holdfast/events"
	"holdfast/internal/dispatch/strictjson"
	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

// maxDepth bounds the nesting of what is read as a document.
const maxDepth = 64

// secrets looks for secrets in a message. One in a message of upstream systems is erased as soon as a worker takes it
// up: until then it is nobody's fault here.
func (b *batch) secrets(m Message) {
	b.look(Secret)
	field, found := b.secret(m)
	if !found {
		return
	}
	if q, ok := queueOf(b.stream, m.Subject); ok && (b.young(m.Stored.UnixNano()) || m.Sequence > b.backlogs[q].Floor) {
		return
	}
	b.violate(Secret, m, field, "it looks like a secret")
}

// queueOf is the queue in which a message of upstream systems or operators waits for a worker.
func queueOf(stream, subject string) (Queue, bool) {
	switch stream {
	case events.StreamActions:
		if subject == events.SubjectOf(events.TenantOf(subject), events.ActionRequested) {
			return Requests, true
		}
		return Commands, true
	case events.StreamConnections:
		return Connections, true
	case events.StreamPermissions:
		return Directory, true
	default:
		return 0, false
	}
}

// secret gives the place of what looks like a secret; never the secret.
func (b *batch) secret(m Message) (field string, found bool) {
	for name, values := range m.Header {
		for _, v := range values {
			if secretscan.LooksSecret(v) {
				return "header " + secretscan.Pointer(name)[1:], true
			}
		}
	}
	if b.stream == events.StreamDeadLetters {
		if field, found = original(m.Data); found {
			return field, true
		}
	}
	if !secretscan.Suspicious(m.Data) {
		return "", false
	}
	doc, err := strictjson.Parse(m.Data, maxDepth, "")
	if err != nil {
		return "", secretscan.Found(m.Data)
	}
	_, upstream := queueOf(b.stream, m.Subject)
	if t := attribute(m.Header, "type"); upstream && t != "" {
		return secretscan.InEvent(events.Type(t), map[string]any{"data": doc.Root})
	}
	root, _ := doc.Root.(map[string]any)
	t, _ := root["type"].(string)
	if upstream {
		return secretscan.InEvent(events.Type(t), doc.Root)
	}
	return secretscan.InStored(events.Type(t), doc.Root)
}

// kept is what a dead letter says of the message that it is about.
type kept struct {
	Data struct {
		Reason    fault.Reason `json:"reason"`
		Original  []byte       `json:"original"` // base64
		Truncated bool         `json:"original_truncated"`
	} `json:"data"`
}

// original looks at the message that a dead letter is about.
func original(raw []byte) (field string, found bool) {
	var l kept
	if json.Unmarshal(raw, &l) != nil || len(l.Data.Original) == 0 {
		return "", false
	}
	searched := l.Data.Truncated || l.Data.Reason == fault.SchemaViolation || l.Data.Reason == fault.FromTheFuture || l.Data.Reason == fault.Stale
	return "/data/original", secretscan.FoundKept(l.Data.Original, searched)
}

// shown is a word of a message as it may be repeated.
func shown(word string) string {
	if word == "" || secretscan.Showable(word, mostShown) {
		return word
	}
	return secretscan.Hidden
}

const mostShown = 128
