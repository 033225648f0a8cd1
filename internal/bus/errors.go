package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

const setupHint = "holdfast setup"

// attempts is how often a request is tried before the caller hears that the bus is unavailable; pauses
// between them grow from firstPause.
const (
	attempts   = 4
	firstPause = 50 * time.Millisecond
)

// mayTry waits before the i-th attempt, from 0; false: ctx has ended meanwhile.
func mayTry(ctx context.Context, i int) bool {
	return i == 0 || pause.For(ctx, firstPause<<(2*(i-1)))
}

// codes of the JetStream API that nats.go has no error for.
const (
	codeMessageTooLarge = 10054
	codeNotFound        = 404
)

// wrongLast tells whether a publish lost because the subject's last sequence is another one.
func wrongLast(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

func tooLarge(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, nats.ErrMaxPayload) || ok && api.ErrorCode == codeMessageTooLarge
}

func missing(err error) bool {
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrKeyNotFound) ||
		errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, jetstream.ErrBucketNotFound) {
		return true
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.Code == codeNotFound
}

// failed is the fault for an operation that did not work; began is when it was asked for, so that a
// permission that was refused meanwhile is named.
func (b *Bus) failed(doing string, began time.Time, err error) *fault.Fault {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	if n, ok := b.denials.since(began); ok {
		f := n.fault()
		f.Detail = doing + ": " + f.Detail
		return f
	}
	return fault.Wrap(fault.BusUnavailable, doing+": "+inWords(err), err)
}

// inWords is an error of the bus in words of ours: the original may carry URLs with passwords.
func inWords(err error) string {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return "the server refuses these credentials"
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return "JetStream is off"
	case errors.Is(err, nats.ErrNoServers):
		return "no server answers"
	case errors.Is(err, nats.ErrConnectionClosed):
		return "the connection is closed"
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
		return "nothing answers for it: no stream, or no leader right now"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout), errors.Is(err, jetstream.ErrNoHeartbeat):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "given up before there was an answer"
	case missing(err):
		return "it does not exist"
	}
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return "refused by JetStream: " + api.Description
	}
	return "not connected, or no usable answer"
}

// try runs one request, again after transient failures. What f reports as a fault, or as something
// missing, is final.
func (b *Bus) try(ctx context.Context, doing string, f func(context.Context) error) error {
	began := time.Now()
	var err error
	for i := range attempts {
		if !mayTry(ctx, i) {
			break
		}
		if err = b.once(ctx, f); err == nil || final(err) {
			return err
		}
		if _, denied := b.denials.since(began); denied || ctx.Err() != nil {
			break
		}
	}
	return b.failed(doing, began, err)
}

func (b *Bus) once(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.RequestTimeout)
	defer cancel()
	return f(ctx)
}

func final(err error) bool {
	_, ours := errors.AsType[*fault.Fault](err)
	return ours || missing(err) || wrongLast(err) || tooLarge(err) || errors.Is(err, jetstream.ErrKeyExists) ||
		errors.Is(err, jetstream.ErrKeyRevisionMismatch)
}
