package rights

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Desk is where operators work on the permissions of a tenant.
type Desk struct {
	Tenant string
	// Actor is who changes something.
	Actor string
	// Wait is how long workers' answers are waited for; 0: not at all.
	Wait time.Duration
	// DryRun: nothing is published.
	DryRun bool

	Records     ops.Records
	Publisher   ops.Publisher
	Clock       ops.Clock
	Checker     *ops.Checker
	Permissions *permission.Snapshots
	Seen        ops.SeenFacts
	// Connections gives the registry, where it is needed.
	Connections func(context.Context) (ops.Connections, error)
}

// NewDesk is one on an operator's session, for a tenant.
func NewDesk(ctx context.Context, s *ops.Session, tenant string) (*Desk, error) {
	if !events.ValidID(tenant) {
		return nil, &ops.Problem{Kind: ops.Unclear, Text: "the tenant is no valid id: " + events.ErrBadID.Error()}
	}
	all, err := s.Permissions(ctx)
	if err != nil {
		return nil, err
	}
	checker, err := ops.NewChecker(s.Clock())
	if err != nil {
		return nil, err
	}
	return &Desk{Tenant: tenant, Records: s.Records(), Publisher: s.Publisher(), Clock: s.Clock(), Checker: checker,
		Permissions: all, Seen: s.SeenFacts(), Connections: s.Connections}, nil
}

// now is the tenant's permissions at this moment.
func (d *Desk) now() *permission.Snapshot { return d.Permissions.Of(d.Tenant) }

// command is a command line of this program, for the desk's tenant.
func (d *Desk) command(format string, args ...any) string {
	return "holdfast " + fmt.Sprintf(format, args...) + " --tenant " + d.Tenant
}

func problem(kind ops.Kind, hint, format string, args ...any) *ops.Problem {
	return &ops.Problem{Kind: kind, Hint: hint, Text: fmt.Sprintf(format, args...)}
}

// whoIs is a user as people say it.
func whoIs(user string) string {
	switch cmp.Or(user, events.ActorSystem) {
	case events.PermissionPublic:
		return "the public"
	case events.ActorSystem:
		return "system (nobody)"
	default:
		return user
	}
}
