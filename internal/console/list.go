package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
)

// row is one connection in the list.
type row struct {
	ID, Name, Type string
	Kind           events.Kind
	State          string
	Why            string // broken: the reason
	Since          time.Time
	Where          string
	Owners         []string
	Account        string
	Used           time.Time
	CanAuthorize   bool
	CanTest        bool
}

type listView struct {
	Tenant string
	Rows   []row
	Tested *tested
	At     time.Time
}

// list shows the connections that the person may see.
func (c *Console) list(w http.ResponseWriter, r *http.Request) {
	p, ok := c.person(r)
	if !ok {
		c.toSignIn(w, r)
		return
	}
	v := listView{Tenant: p.Tenant, Rows: c.rows(r.Context(), p), At: c.Clock.Now(), Tested: c.justTested(r, p)}
	c.render(w, r, http.StatusOK, pageList, "Connections", v)
}

func (c *Console) rows(ctx context.Context, p person) []row {
	var rows []row
	used, _ := c.Usage.LastUses(ctx, p.Tenant) // without it the list says that no use is known
	for e := range c.Registry.All() {
		if e.Tenant != p.Tenant || e.Deleted || e.Missing || c.decide(p.Tenant, access.See, p.User, e) != nil {
			continue
		}
		v := c.row(p, e)
		v.Used = used[e.ID]
		rows = append(rows, v)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return rows
}

func (c *Console) row(p person, e *connection.Entry) row {
	v := row{
		ID: e.ID, Name: e.Name, Type: e.Type, Kind: e.Kind, State: string(e.State()), Where: where(&e.Connection),
		Owners: e.Owners, Account: e.Account,
		CanAuthorize: e.Auth.Method == string(credential.RefreshToken) && c.decide(p.Tenant, access.Credentials, p.User, e) == nil,
		CanTest:      c.decide(p.Tenant, access.Test, p.User, e) == nil,
	}
	if e.ExpiresAt != nil && !e.ExpiresAt.After(c.Clock.Now()) {
		v.State = "expired"
	}
	if e.Broken != nil {
		v.Why, v.Since = string(e.Broken.Reason), e.Broken.Since
	}
	return v
}

// where is a connection's availability in words.
func where(e *events.Connection) string {
	switch {
	case e.Kind == events.Personal:
		return "its creator only"
	case e.Availability.Level == "site_collection":
		return "site collection " + e.Availability.SiteCollection
	case e.Availability.Level == "site":
		return "site " + e.Availability.Site
	default:
		return "the whole tenant"
	}
}
