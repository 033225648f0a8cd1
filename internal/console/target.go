package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/authn"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// target is a connection that somebody may sign an account in for.
type target struct {
	entry *connection.Entry
	full  events.Connection // completed by its type
	// params are what the type adds to the authorization URL.
	params map[string]string
}

// target looks a connection up and holds the actor to the rules. One whom the rules do not even show it learns
// nothing of it.
func (c *Console) target(ctx context.Context, tenant, id, actor string) (target, error) {
	e, err := c.visible(ctx, tenant, id, actor)
	if err != nil {
		return target{}, err
	}
	if f := c.decide(tenant, access.Credentials, actor, e); f != nil {
		return target{}, f
	}
	if e.Auth.Method != string(credential.RefreshToken) {
		return target{}, fault.New(fault.SettingsInvalid, "nobody signs in for this connection: its method is "+e.Auth.Method).
			WithField("/auth/method").WithHint("holdfast connections rotate writes its credentials")
	}
	return c.complete(e)
}

// complete adds what the connection's type knows of its provider.
func (c *Console) complete(e *connection.Entry) (target, error) {
	kind, ok := c.Types.Lookup(e.Type)
	if !ok {
		return target{}, catalog.Unknown()
	}
	full, f := kind.Apply(e.Connection)
	if f != nil {
		return target{}, f
	}
	method, _ := kind.Method(credential.RefreshToken) // Apply has looked
	return target{e, full, method.AuthorizeParams}, nil
}

// visible is a connection that is there and that the actor may see.
func (c *Console) visible(ctx context.Context, tenant, id, actor string) (*connection.Entry, error) {
	if !events.ValidID(id) || !events.ValidID(tenant) {
		return nil, unseen()
	}
	e, _, err := c.Registry.Fresh(ctx, tenant, id)
	switch {
	case err != nil:
		return nil, err
	case e == nil, e.Missing, e.Deleted, c.decide(tenant, access.See, actor, e) != nil:
		return nil, unseen()
	}
	return e, nil
}

func unseen() *fault.Fault {
	return fault.New(fault.ConnectionMissing, "there is no such connection, or not for you").
		WithHint("look at the list again, or ask an owner of the connection")
}

// decide is nil for what the rules allow.
func (c *Console) decide(tenant string, op access.Op, actor string, e *connection.Entry) *fault.Fault {
	now := c.Permissions.Of(tenant)
	q := access.Question{Op: op, Actor: actor, Now: &e.Connection, Site: now.SiteRights(actor)}
	return access.Decide(now.Directory(), q).Fault()
}

// host is where the person is going to sign in.
func (t target) host() string {
	u, err := url.Parse(t.full.Auth.AuthorizeURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// provider tells one provider and client from another.
func (t target) provider() string {
	sum := sha256.Sum256([]byte(t.full.Auth.AuthorizeURL + "\x00" + t.full.Auth.TokenURL + "\x00" + t.full.Auth.ClientID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// endpoints are the provider as the connection's client; a connection without a secret yet is a public client.
func (c *Console) endpoints(ctx context.Context, t target) ([]oauth.Endpoint, error) {
	s, err := c.Secrets.Config(ctx, t.entry.Tenant, t.entry.ID, true)
	if err != nil && fault.From(err).Reason != fault.SecretMissing {
		return nil, err
	}
	if err != nil {
		s = vaultclient.Secret{}
	}
	return authn.Endpoints(t.full.Auth, s, c.Clock.Now())
}

// exchange spends the code as the connection's client, with the client's secrets in their order.
func (c *Console) exchange(ctx context.Context, t target, a oauth.Authorization, code secret.Value) (oauth.Token, error) {
	endpoints, err := c.endpoints(ctx, t)
	if err != nil {
		return oauth.Token{}, err
	}
	for _, e := range endpoints {
		var token oauth.Token
		if token, err = c.Provider.Exchange(ctx, e, a, code); err == nil {
			return token, nil
		}
		if fault.From(err).Reason != fault.InvalidClient {
			break // only that proves that the code is good still
		}
	}
	if errors.Is(err, oauth.ErrAmbiguous) {
		return oauth.Token{}, fault.Wrap(fault.ProviderUnavailable, "the identity provider did not answer as it should", err).
			WithHint("sign in again: nothing was changed")
	}
	return oauth.Token{}, err
}

// Check tells whether the actor may sign an account in for a connection, and whether there is a provider to do it
// at: before anybody is sent anywhere.
func (c *Console) Check(ctx context.Context, tenant, id, actor string) error {
	t, err := c.target(ctx, tenant, id, actor)
	if err != nil {
		return err
	}
	_, err = c.begin(ctx, t, attempt{Actor: actor}, nil)
	return err
}
