package console

import (
	"errors"
	"net/http"

	"holdfast/events"
	"holdfast/internal/fault"
)

// connect says what a link is about to do. Nothing happens before the person goes on to the provider: a link that
// somebody else sent connects nothing by itself.
func (c *Console) connect(w http.ResponseWriter, r *http.Request) {
	var in invitation
	err := c.seals.open(forLink, r.PathValue("link"), c.Clock.Now(), &in)
	switch {
	case errors.Is(err, errEnded):
		c.problem(w, r, http.StatusGone, linkEnded)
		return
	case err != nil:
		c.problem(w, r, http.StatusNotFound, notOurs)
		return
	}
	actor := in.Actor
	if c.People != nil {
		p, ok := c.person(r)
		if !ok {
			c.toSignIn(w, r)
			return
		}
		if p.Tenant != in.Tenant {
			c.failure(w, r, unseen())
			return
		}
		actor = p.User
	}
	c.offer(w, r, in.Tenant, in.Connection, actor)
}

// authorize is connect for somebody who comes from the list.
func (c *Console) authorize(w http.ResponseWriter, r *http.Request) {
	p, ok := c.person(r)
	if !ok {
		c.toSignIn(w, r)
		return
	}
	c.offer(w, r, p.Tenant, r.PathValue("id"), p.User)
}

// offerView is the page between a link and the provider.
type offerView struct {
	Connection events.Connection
	Host       string
	Scopes     []string
	Actor      string
	Go         string // the provider's address
}

func (c *Console) offer(w http.ResponseWriter, r *http.Request, tenant, id, actor string) {
	t, err := c.target(r.Context(), tenant, id, actor)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	at, err := c.begin(r.Context(), t, attempt{Actor: actor, Browser: browser(r)}, nil)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	c.render(w, r, http.StatusOK, pageConnect, "Connect "+t.entry.Name, offerView{
		Connection: t.entry.Connection, Host: t.host(), Scopes: t.full.Auth.Scopes, Actor: actor, Go: at,
	})
}

// failure shows an error as far as it may be shown.
func (c *Console) failure(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	c.log.Info().Str("reason", string(f.Reason)).Str("path", r.Pattern).Msg("a page could not be shown as asked")
	c.problem(w, r, statusOf(f), problem{Title: "This can not be done", Text: f.Detail, Hint: f.Hint})
}

func statusOf(f *fault.Fault) int {
	switch f.Class() { //nolint:exhaustive // the rest is a fault of ours
	case fault.Denied:
		return http.StatusForbidden
	case fault.Auth:
		return http.StatusNotFound
	case fault.Settings, fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Transient, fault.Unclear, fault.Operator:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
