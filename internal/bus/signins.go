package bus

import (
	"context"

	"holdfast/events"
	"holdfast/internal/fault"
)

// SignIns are the sign-ins that were used: each once, on whichever console it comes back. The bucket forgets
// them by itself, later than they end.
type SignIns struct{ bus *Bus }

// SignIns gives the sign-ins.
func (b *Bus) SignIns() *SignIns { return &SignIns{b} }

// Use notes that a sign-in is used, and gives the note's revision. Conflict: it was used before.
func (s *SignIns) Use(ctx context.Context, id string, note []byte) (revision uint64, err error) {
	return s.bus.kvPut(ctx, events.BucketSignIns, id, note, 0, 0)
}

// End replaces the note of a sign-in that was used at revision.
func (s *SignIns) End(ctx context.Context, id string, note []byte, revision uint64) error {
	_, err := s.bus.kvPut(ctx, events.BucketSignIns, id, note, revision, 0)
	return err
}

// Note is what was noted last; nil where the sign-in was not used, or is forgotten.
func (s *SignIns) Note(ctx context.Context, id string) ([]byte, error) {
	if !events.ValidID(id) {
		return nil, fault.Wrap(fault.BadID, "the sign-in is no valid id", events.ErrBadID)
	}
	v, err := s.bus.kvGet(ctx, events.BucketSignIns, id)
	if err != nil || v.gone {
		return nil, err
	}
	return v.data, nil
}
