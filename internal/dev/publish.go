package dev

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"holdfast/events"
)

// source is what events of the development stack name as theirs.
const source = "urn:holdfast:dev"

// Upstream makes an event as an upstream system does.
func (s *Stack) Upstream(t events.Type, payload any) (events.Event, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return events.Event{}, err
	}
	return events.Event{ID: uuid.NewString(), Source: source, Type: t, Time: s.bus.Clock().Now().UTC(), Data: data}, nil
}

// Publish publishes an event as an upstream system does, and gives its sequence in its stream.
func (s *Stack) Publish(ctx context.Context, tenant string, t events.Type, payload any) (uint64, error) {
	e, err := s.Upstream(t, payload)
	if err != nil {
		return 0, err
	}
	raw, err := e.Encode()
	if err != nil {
		return 0, err
	}
	return s.bus.PublishEvent(ctx, events.SubjectOf(tenant, t), e.ID, raw)
}
