package bus

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"time"

	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Answers to deliveries, as the server reads them (NATS ADR-15).
var (
	ackDone     = []byte("+ACK")
	ackNak      = []byte("-NAK")
	ackProgress = []byte("+WPI")
	ackTerm     = []byte("+TERM")
)

// Backoff is the delay before a redelivery: Base for the second delivery, doubled for each further one, up
// to Cap, and then a fifth more or less, so that what failed together does not come again together.
type Backoff struct {
	Base, Cap time.Duration
}

const jitter = 0.2

func (b Backoff) delay(deliveries uint64) time.Duration {
	return time.Duration(float64(b.About(deliveries)) * (1 - jitter + 2*jitter*rand.Float64())) //nolint:gosec // spreads load, protects nothing
}

// About is the delay without what is more or less of it.
func (b Backoff) About(deliveries uint64) time.Duration {
	d := b.Base
	for i := uint64(1); i < deliveries && d < b.Cap; i++ {
		d *= 2
	}
	return min(d, b.Cap)
}

// handle handles one message and answers it.
func (s *Subscription) handle(h *held) {
	if s.draining.Load() {
		s.handBack(h)
		return
	}
	res, ok := s.suspect(h)
	if ok {
		res = s.call(h)
	}
	if res.Verb != dispatch.Reject || ok { // also a raise whose answer was lost: nothing was begun
		s.clearSuspect(h)
	}
	switch res.Verb {
	case dispatch.Ack:
		s.finish(h, res)
	case dispatch.Retry:
		s.again(h, res)
	case dispatch.Reject:
		s.reject(h, res)
	}
}

// call runs the handler. What it panicked with is not logged: it may hold a secret.
func (s *Subscription) call(h *held) (res dispatch.Result) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		s.bus.obs.Panicked(s.spec.Durable)
		s.bus.log.Error().Str("durable", s.spec.Durable).Uint64("sequence", h.Sequence).
			Str("panic_type", fmt.Sprintf("%T", v)).Bytes("stack", debug.Stack()).Msg("a handler panicked")
		res = dispatch.Again(fault.New(fault.Internal, "the handler panicked"))
	}()
	return s.handler(s.handling, h.Delivery)
}

func (s *Subscription) again(h *held, res dispatch.Result) {
	if res.Fault != nil && res.Fault.Reason == fault.Draining {
		s.handBack(h)
		return
	}
	d := max(s.spec.Backoff.delay(h.Deliveries), res.After)
	s.answer(h, []byte(`-NAK {"delay": `+strconv.FormatInt(int64(d), 10)+`}`))
}

// finish acknowledges what was handled. What came of a dead letter that was retried is stored before.
func (s *Subscription) finish(h *held, res dispatch.Result) {
	if err := s.bus.handledAgain(s.handling, h.Delivery, res.Label); err != nil {
		s.bus.log.Error().Str("durable", s.spec.Durable).Uint64("sequence", h.Sequence).
			Str("problem", err.Error()).Msg("what came of a retried dead letter could not be stored; the message comes again")
		s.again(h, dispatch.Result{})
		return
	}
	s.answer(h, ackDone)
}

// reject stores the dead letter before it ends the message; if that fails, the message comes again.
func (s *Subscription) reject(h *held, res dispatch.Result) {
	if res.Fault == nil {
		res.Fault = fault.New(fault.Internal, "refused without a reason")
	}
	if err := s.bus.deadLetter(s.handling, h.Delivery, res); err != nil {
		s.bus.log.Error().Str("durable", s.spec.Durable).Uint64("sequence", h.Sequence).
			Str("problem", err.Error()).Msg("a dead letter could not be stored; the message comes again")
		s.again(h, dispatch.Result{})
		return
	}
	s.bus.obs.DeadLettered(s.spec.Durable, res.Fault.Reason)
	s.answer(h, ackTerm)
}

// answer answers once; a message that was handed back meanwhile is not ours any more.
func (s *Subscription) answer(h *held, how []byte) {
	reply, n, ok := s.held.take(h)
	if !ok {
		return
	}
	s.send(reply, how)
	s.free(h.slot)
	s.bus.obs.Held(s.spec.Durable, n)
}

// send sends without waiting. An answer that is lost means a redelivery, which the ledger recognises.
func (s *Subscription) send(reply string, how []byte) {
	if err := s.bus.consume.Publish(reply, how); err != nil {
		s.bus.log.Debug().Str("durable", s.spec.Durable).Str("problem", inWords(err)).Msg("an answer could not be sent")
	}
}
