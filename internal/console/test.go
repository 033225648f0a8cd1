package console

import (
	"errors"
	"net/http"
	"time"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// tested is what came of a test, for the list to show; sealed, so that no link can put words into our mouth.
type tested struct {
	Connection string `json:"c"`
	Works      bool   `json:"w"`
	Text       string `json:"x"`
	User       string `json:"u"`
	Tenant     string `json:"t"`
}

const (
	forTested  purpose = "tested"
	testedLife         = time.Minute
)

// test asks a worker to see whether a connection authenticates now, and waits for its answer.
func (c *Console) test(w http.ResponseWriter, r *http.Request) {
	p, ok := c.person(r)
	if !ok {
		c.problem(w, r, http.StatusUnauthorized, wrongForm)
		return
	}
	if !c.rightToken(r, p) {
		c.problem(w, r, http.StatusForbidden, wrongForm)
		return
	}
	e, err := c.visible(r.Context(), p.Tenant, r.PathValue("id"), p.User)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	if f := c.decide(p.Tenant, access.Test, p.User, e); f != nil {
		c.failure(w, r, f)
		return
	}
	view, err := c.Changes.Do(r.Context(), ops.Change{Tenant: p.Tenant, Connection: e.ID, Type: events.ConnectionTestRequested,
		Payload: events.ConnectionRef{ID: e.ID, Actor: p.User}})
	sealed, serr := c.seals.seal(forTested, c.Clock.Now().Add(testedLife),
		tested{Connection: e.Name, Works: err == nil && view.Works(), Text: said(view, err), User: p.User, Tenant: p.Tenant})
	if serr != nil {
		c.failure(w, r, serr)
		return
	}
	http.Redirect(w, r, "/?tested="+sealed, http.StatusSeeOther)
}

// said is a test's answer in words.
func said(v ops.ChangeView, err error) string {
	p, asked := errors.AsType[*ops.Problem](err)
	switch {
	case asked:
		return p.Text
	case err != nil:
		return fault.From(err).Detail
	case v.Works():
		return "it authenticates"
	case v.Detail != "":
		return v.Detail
	}
	return "it does not authenticate: " + v.Reason
}

// justTested is what the address says of a test that this person made.
func (c *Console) justTested(r *http.Request, p person) *tested {
	var t tested
	if c.seals.open(forTested, r.URL.Query().Get("tested"), c.Clock.Now(), &t) != nil || t.User != p.User || t.Tenant != p.Tenant {
		return nil
	}
	return &t
}
