package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
)

// person is somebody who signed in to the console. What they may do is the directory's to say, at each request.
type person struct {
	User    string `json:"u"`
	Tenant  string `json:"t"`
	Name    string `json:"n,omitempty"`
	Browser string `json:"b"`
}

const sessionLife = 8 * time.Hour

// person is who sends the request; false where nobody has signed in, or in another browser.
func (c *Console) person(r *http.Request) (person, bool) {
	var p person
	cookie, err := r.Cookie(c.cookieName("session"))
	if c.People == nil || err != nil || c.seals.open(forSession, cookie.Value, c.Clock.Now(), &p) != nil {
		return person{}, false
	}
	return p, p.Browser == browser(r)
}

// speaksFor tells whether the request is the actor's own. A link of a console that knows nobody speaks for itself.
func (c *Console) speaksFor(r *http.Request, tenant, actor string) bool {
	p, ok := c.person(r)
	return c.People == nil || ok && p.Tenant == tenant && p.User == actor
}

// entering is a sign-in to the console on its way.
type entering struct {
	ID      string `json:"i"`
	Browser string `json:"b"`
	To      string `json:"to"` // where to go on, on this console
}

// toSignIn sends somebody to sign in and come back to this address.
func (c *Console) toSignIn(w http.ResponseWriter, r *http.Request) {
	e := entering{rand.Text(), browser(r), r.URL.Path}
	sealed, err := c.seals.seal(forPerson, c.Clock.Now().Add(attemptLife), e)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	at, err := c.People.URL(r.Context(), sealed, c.seals.derive("person pkce", e.ID), c.seals.derive("nonce", e.ID).Reveal())
	if err != nil {
		c.failure(w, r, err)
		return
	}
	http.Redirect(w, r, at, http.StatusSeeOther)
}

// signedIn takes the browser back from the console's identity provider. The code works once, so this needs no note.
func (c *Console) signedIn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var e entering
	err := c.seals.open(forPerson, q.Get("state"), c.Clock.Now(), &e)
	switch {
	case errors.Is(err, errEnded):
		c.problem(w, r, http.StatusGone, tooLate)
		return
	case err != nil:
		c.problem(w, r, http.StatusBadRequest, notOurs)
		return
	case e.Browser != browser(r):
		c.problem(w, r, http.StatusForbidden, otherBrowser)
		return
	case !c.People.Issued(q.Get("iss")):
		c.failure(w, r, oauth.Foreign())
		return
	case q.Get("error") != "" || q.Get("code") == "":
		c.failure(w, r, oauth.Refused(q.Get("error")))
		return
	}
	claims, err := c.People.Finish(r.Context(), secret.New(q.Get("code")), c.seals.derive("person pkce", e.ID), c.seals.derive("nonce", e.ID).Reveal())
	if err != nil {
		c.failure(w, r, err)
		return
	}
	c.enter(w, r, e, claims)
}

// enter begins a session for whom the claims name.
func (c *Console) enter(w http.ResponseWriter, r *http.Request, e entering, claims map[string]any) {
	p := person{User: oauth.Claim(claims, c.opts.UserClaim), Tenant: c.opts.Tenant, Name: oauth.Claim(claims, "name"), Browser: e.Browser}
	if p.Tenant == "" {
		p.Tenant = oauth.Claim(claims, c.opts.TenantClaim)
	}
	// system acts where no person does: nobody signs in as it.
	if p.User == "" || p.User == events.ActorSystem || !events.ValidID(p.Tenant) {
		c.problem(w, r, http.StatusForbidden, problem{"You are not known here", "Your account says neither which tenant you are of nor who you are.",
			"Ask the operator of this console to look at console.user_claim and console.tenant_claim."})
		return
	}
	sealed, err := c.seals.seal(forSession, c.Clock.Now().Add(sessionLife), p)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	c.setCookie(w, "session", sealed, sessionLife)
	http.Redirect(w, r, local(e.To), http.StatusSeeOther)
}

// local holds a redirect to this console.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}

func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	r.URL.Path = "/"
	c.toSignIn(w, r)
}

// signOut ends the session here; the one at the identity provider goes on.
func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	p, ok := c.person(r)
	if ok && !c.rightToken(r, p) {
		c.problem(w, r, http.StatusForbidden, wrongForm)
		return
	}
	c.setCookie(w, "session", "", 0)
	http.Redirect(w, r, "/closed", http.StatusSeeOther)
}
