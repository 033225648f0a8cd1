package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
)

const (
	attemptLife = 10 * time.Minute
	linkLife    = 24 * time.Hour
)

// attempt is one sign-in on its way to the provider and back: the state parameter holds it, sealed.
type attempt struct {
	ID         string `json:"i"`
	Tenant     string `json:"t"`
	Connection string `json:"c"`
	Actor      string `json:"a"`
	Browser    string `json:"b"`
	// Provider is who was asked: a code is never sent to another.
	Provider string `json:"p"`
	// Accept is the account that the person has agreed to although the connection had another one.
	Accept string `json:"n,omitempty"`
}

// invitation is what a link holds: for which connection, and who asks.
type invitation struct {
	Tenant     string `json:"t"`
	Connection string `json:"c"`
	Actor      string `json:"a"`
}

// Link makes a link to sign an account in with, for as long as life (0: a day). Where people sign in to the
// console, whoever follows it must be allowed to; where not, the link speaks for actor.
func (c *Console) Link(tenant, id, actor string, life time.Duration) (string, error) {
	sealed, err := c.seals.seal(forLink, c.Clock.Now().Add(cmp.Or(life, linkLife)), invitation{tenant, id, actor})
	return c.opts.URL + "/connect/" + sealed, err
}

// begin makes the provider's address for one more sign-in from this browser.
func (c *Console) begin(ctx context.Context, t target, a attempt, more map[string]string) (string, error) {
	endpoints, err := c.endpoints(ctx, t)
	if err != nil {
		return "", err
	}
	a.ID, a.Tenant, a.Connection, a.Provider = rand.Text(), t.entry.Tenant, t.entry.ID, t.provider()
	state, err := c.seals.seal(forSignIn, c.Clock.Now().Add(attemptLife), a)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "the sign-in could not be sealed", err)
	}
	request := c.authorization(t, a)
	request.State = state
	request.Params = maps.Clone(t.params)
	if request.Params == nil {
		request.Params = make(map[string]string)
	}
	if hint := cmp.Or(a.Accept, t.entry.Account); hint != "" && more["prompt"] == "" {
		request.Params["login_hint"] = hint
	}
	maps.Copy(request.Params, more)
	return request.URL(endpoints[0])
}

// authorization is the same for the way there and for the exchange.
func (c *Console) authorization(t target, a attempt) oauth.Authorization {
	return oauth.Authorization{
		AuthorizeURL: t.full.Auth.AuthorizeURL, RedirectURI: c.opts.URL + "/callback", Verifier: c.seals.derive("pkce", a.ID),
	}
}
