package bus

import (
	"context"
	"strconv"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// A message that takes its worker down never gets an answer, and comes again. Our own delayed naks count
// as deliveries too, so many deliveries prove nothing; but from the tenth on, a counter is raised before
// the handler runs and cleared by any answer. Raised three times without an answer: poison.
const (
	suspectFrom  = 10
	suspectsMost = 3
)

func (s *Subscription) suspectKey(h *held) string {
	return tenantOf(h.Subject) + "." + h.Stream + "-" + strconv.FormatUint(h.Sequence, 10)
}

// suspect raises the counter of a message that came often. false: do not handle it, res says what follows.
func (s *Subscription) suspect(h *held) (res dispatch.Result, handle bool) {
	if h.Deliveries < suspectFrom {
		return dispatch.Result{}, true
	}
	key := s.suspectKey(h)
	v, err := s.bus.kvGet(s.handling, events.BucketSuspects, key)
	if err != nil {
		return dispatch.Again(fault.From(err)), false
	}
	raised := 0
	if !v.gone {
		raised, _ = strconv.Atoi(string(v.data)) // what is no number counts as none
	}
	if raised >= suspectsMost {
		return dispatch.Refuse(fault.New(fault.Poison,
			"delivered "+strconv.FormatUint(h.Deliveries, 10)+" times, and never answered by the last "+
				strconv.Itoa(raised)+" workers that began it")), false
	}
	_, err = s.bus.kvPut(s.handling, events.BucketSuspects, key, []byte(strconv.Itoa(raised+1)), v.revision, 0)
	if err != nil {
		return dispatch.Again(fault.From(err)), false
	}
	return dispatch.Result{}, true
}

const clearTimeout = 2 * time.Second

// clearSuspect takes the counter away. If that fails, the message is suspected once too often, three times
// in a row at worst makes a dead letter of it: it is not lost.
func (s *Subscription) clearSuspect(h *held) {
	if h.Deliveries < suspectFrom {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.handling), clearTimeout)
	defer cancel()
	if err := s.bus.kvDrop(ctx, events.BucketSuspects, s.suspectKey(h), 0, 0); err != nil {
		s.bus.log.Warn().Str("problem", err.Error()).Msg("a suspect could not be cleared")
	}
}
