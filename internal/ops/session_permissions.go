package ops

import (
	"context"

	"holdfast/events"
	"holdfast/internal/permission"
)

// SeenFacts are what of users, places and permissions has come here.
type SeenFacts interface {
	// Seen is a fact as it has come here last; the zero Fact where none has. It is in the snapshots, too.
	Seen(tenant string, kind events.FactKind, id string) events.Fact
}

// Permissions are the permission sets of all tenants, and the users, roles and places that they stand on. They are
// read once in a session, and followed.
func (s *Session) Permissions(ctx context.Context) (*permission.Snapshots, error) {
	if s.permissions != nil {
		return s.permissions, nil
	}
	all := new(permission.Snapshots)
	facts, err := s.bus.Facts(ctx, all)
	if err != nil {
		return nil, err
	}
	s.permissions, s.facts = all, facts
	return all, nil
}

// SeenFacts are those that Permissions are made of; nil before it was called.
func (s *Session) SeenFacts() SeenFacts { return s.facts }
