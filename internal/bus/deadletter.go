package bus

import (
	"context"
	"strconv"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

const (
	// originalMost is how much of the original a dead letter keeps, in bytes.
	originalMost = 64 << 10
	// letterRoom is what a dead letter needs beside the original.
	letterRoom = 16 << 10
	// unknownTenant owns dead letters of subjects without a usable tenant.
	unknownTenant = "unknown"
	// headersMost is how much of the headers it keeps, as JSON; all or nothing.
	headersMost = 8 << 10
	// wordsMost bounds what a dead letter repeats of subject, type and id, in bytes.
	wordsMost = 1 << 10
)

// deadLetter stores why a message could not be handled, and the message, unless it may hold a secret: then
// the message is also overwritten in its stream, where that is allowed. Doing it again stores nothing more.
func (b *Bus) deadLetter(ctx context.Context, d dispatch.Delivery, res dispatch.Result) error {
	tenant := tenantOf(d.Subject)
	secretive := holdsSecret(res.Fault.Reason, d)
	id := d.Stream + "-" + strconv.FormatUint(d.Sequence, 10)
	e, err := events.New(events.DeadLetter, b.clock.Now(), b.letter(tenant, d, res, secretive))
	if err != nil {
		return fault.Wrap(fault.Internal, "a dead letter could not be encoded", err)
	}
	e.ID = "deadletter-" + id
	data, err := e.Encode()
	if err != nil {
		return fault.Wrap(fault.Internal, "a dead letter could not be encoded", err)
	}
	sequence, err := b.PublishEvent(ctx, events.DeadLetterSubject(tenant, res.Fault.Reason), id, data)
	if err != nil {
		return err
	}
	if err := b.failedAgain(ctx, d, res.Fault.Reason, sequence); err != nil {
		return err
	}
	if secretive {
		return b.erase(ctx, d)
	}
	return nil
}

// holdsSecret tells whether a message may be kept nowhere. One that was refused after it had been searched
// field by field holds none; one that was refused before is searched as far as it can be read, and guessed at
// where it can not.
func holdsSecret(why fault.Reason, d dispatch.Delivery) bool {
	switch why {
	case fault.SecretInEvent:
		return true
	case fault.FromTheFuture, fault.SchemaViolation, fault.Stale:
		return false
	default:
		return secretscan.Found(d.Data) || secretscan.Found(lines(dispatch.AttributeHeaders(d.Header)))
	}
}

// lines is the attributes in headers as text.
func lines(headers map[string]string) (text []byte) {
	for name, value := range headers {
		text = append(text, strings.TrimPrefix(strings.ToLower(name), "ce-")+": "+value+"\n"...)
	}
	return text
}

func (b *Bus) letter(tenant string, d dispatch.Delivery, res dispatch.Result, secretive bool) events.DeadLetterData {
	l := events.DeadLetterData{
		Tenant: tenant, Reason: string(res.Fault.Reason), Field: cut(res.Fault.Field), Detail: cut(res.Fault.Detail),
		Type: cut(res.EventType), EventID: cut(res.EventID), Subject: cut(d.Subject),
		Origin:   events.Origin{Stream: d.Stream, Sequence: d.Sequence},
		Consumer: d.Consumer, Deliveries: d.Deliveries, OriginalBytes: len(d.Data), Withheld: secretive,
	}
	r := retriedBy(d)
	l.RetryOf, l.Tries, l.FirstStored = r.letter, r.tries+1, r.firstStored
	if secretive {
		return l
	}
	most := min(originalMost, max(0, int(b.MaxPayload()-letterRoom))*3/4) // base64 makes 4 bytes of 3
	l.Original, l.Truncated = d.Data[:min(len(d.Data), most)], len(d.Data) > most
	if l.Headers = dispatch.AttributeHeaders(d.Header); tooMany(l.Headers) {
		l.Headers, l.Truncated = nil, true
	}
	return l
}

// tooMany tells whether headers would need more room than a dead letter has.
func tooMany(headers map[string]string) bool {
	raw, err := events.Marshal(headers)
	return err != nil || len(raw) > headersMost
}

func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), wordsMost)], "") }

// erase overwrites a message in its stream: the one delete that a worker may do.
func (b *Bus) erase(ctx context.Context, d dispatch.Delivery) error {
	if d.Stream != events.StreamConnections && d.Stream != events.StreamActions && d.Stream != events.StreamPermissions {
		return nil
	}
	s, err := b.stream(ctx, d.Stream)
	if err != nil {
		return err
	}
	err = b.try(ctx, "erase from "+d.Stream, func(ctx context.Context) error {
		return s.SecureDeleteMsg(ctx, d.Sequence)
	})
	if err != nil && !missing(err) { // missing: an earlier attempt erased it
		return b.failed("erase from "+d.Stream, time.Now(), err)
	}
	return nil
}

// tenantOf is the tenant that a subject belongs to, that of a bucket's key included.
func tenantOf(subject string) string {
	if t := events.TenantOf(subject); t != "" {
		return t
	}
	if rest, ok := strings.CutPrefix(subject, kvSubjectPrefix); ok {
		if t := strings.Split(rest, "."); len(t) > 2 && events.ValidID(t[1]) {
			return t[1]
		}
	}
	return unknownTenant
}
