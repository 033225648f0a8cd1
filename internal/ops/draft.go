package ops

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
)

// Draft completes a connection that somebody wants to create (id, owners, availability) and tells what stands in
// the way, before anybody is asked for a secret. there is true where the connection exists already just as it is
// wanted: then there is nothing to do.
func (m *Manager) Draft(ctx context.Context, c events.Connection) (_ events.Connection, there bool, _ error) {
	if len(c.Owners) == 0 {
		c.Owners = []string{c.Actor}
	}
	if c.Kind == events.Shared && c.Availability.Level == "" {
		level, err := m.usual(ctx, c)
		if err != nil {
			return c, false, err
		}
		c.Availability = level
	}
	if taken := m.named(c); taken != nil {
		return c, false, problem(Refused, "choose another --name; holdfast connections show "+taken.ID+" --tenant "+c.Tenant,
			"another shared connection of the tenant has this name: %s", taken.ID)
	}
	c, there, err := m.place(ctx, c)
	if err != nil || there {
		return c, there, err
	}
	_, err = m.encode(ctx, Change{Tenant: c.Tenant, Type: events.ConnectionCreated, Payload: c})
	return c, false, err
}

// place finds the id: the one that was named, or one made of the name that is free.
func (m *Manager) place(ctx context.Context, c events.Connection) (events.Connection, bool, error) {
	if c.ID != "" {
		now, err := m.lookAt(ctx, c)
		switch {
		case err != nil:
			return c, false, err
		case now == nil || now.Deleted || now.Missing:
			return c, false, nil
		case sameConnection(now.Connection, c):
			return c, true, nil
		default:
			return c, false, problem(Refused, "holdfast connections edit "+c.ID+" --tenant "+c.Tenant,
				"there is a connection %s already, and it is not the same", c.ID)
		}
	}
	base := readableID(c.Name)
	for n := 1; ; n++ {
		if c.ID = base; n > 1 {
			c.ID = base + "-" + strconv.Itoa(n)
		}
		now, err := m.lookAt(ctx, c)
		switch {
		case err != nil:
			return c, false, err
		case now == nil:
			return c, false, nil
		case !now.Deleted && !now.Missing && sameConnection(now.Connection, c):
			return c, true, nil
		}
	}
}

func (m *Manager) lookAt(ctx context.Context, c events.Connection) (*connection.Entry, error) {
	if !events.ValidID(c.ID) || !events.ValidID(c.Tenant) {
		return nil, problem(Unclear, "", "an id is not valid: %s", events.ErrBadID)
	}
	e, _, err := m.Connections.Fresh(ctx, c.Tenant, c.ID)
	return e, err
}

// named is another live shared connection of the same name; workers decide, this is to tell early.
func (m *Manager) named(c events.Connection) *connection.Entry {
	if c.Kind != events.Shared {
		return nil
	}
	key := connection.NameKey(c.Name)
	for e := range m.Connections.All() {
		if e.Tenant == c.Tenant && e.ID != c.ID && e.NameKey() == key && (c.ID != "" || !sameConnection(e.Connection, c)) {
			return e
		}
	}
	return nil
}

// sameConnection compares what people want of a connection: not its id, who did it and on which revision.
func sameConnection(a, b events.Connection) bool {
	a.ID = b.ID
	different, err := Compare(a, b)
	return err == nil && len(different) == 0
}

// usual is where a connection is available whose creator does not say: it follows from the creator's role.
func (m *Manager) usual(ctx context.Context, c events.Connection) (events.Availability, error) {
	if c.Actor == events.ActorSystem {
		return events.Availability{Level: "tenant"}, nil
	}
	all, err := m.Permissions(ctx)
	if err != nil {
		return events.Availability{}, err
	}
	at := access.DefaultAvailability(all.Of(c.Tenant).Directory(), c.Actor, c.DesignerSite)
	if at.Level == "" {
		return at, problem(Unclear, "add --availability tenant, site-collection:ID or site:ID; holdfast directory show "+c.Actor+" --tenant "+c.Tenant,
			"it does not follow from the roles of %s where the connection shall be available", c.Actor)
	}
	return at, nil
}

// longestReadable leaves room for a number behind the name.
const longestReadable = 40

// readableID makes an id of a name: the same name gives the same id, so that whoever was interrupted finds it
// again.
func readableID(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= longestReadable {
			break
		}
	}
	if id := strings.Trim(b.String(), "-"); id != "" {
		return id
	}
	return "connection"
}
