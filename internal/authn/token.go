package authn

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/vaultclient"
)

// order is one wish for an access token.
type order struct {
	entry  *connection.Entry
	secret vaultclient.Secret
	method credential.Method
	// renew tells that the present token still works.
	renew bool
	// asked is when somebody asked for another try: what was refused before that says nothing. Zero: nobody did.
	asked time.Time
	// after makes an older token one to replace although it works; zero: any that works will do.
	after time.Time
	// alone tells that the caller holds the connection's lease, see Alone.
	alone bool
}

func (o order) key(version int) key {
	return key{o.entry.Tenant, o.entry.ID, o.entry.Generation, version}
}

// slotFor finds or makes the place for tokens of a version of the secret.
func (a *Authenticator) slotFor(o order, version int) *slot {
	k := o.key(version)
	if sl, ok := a.slots.Get(k); ok {
		return sl
	}
	fresh := &slot{}
	if sl, ok, _ := a.slots.PeekOrAdd(k, fresh); ok {
		return sl
	}
	return fresh
}

func (a *Authenticator) token(ctx context.Context, o order) (credential.Credential, error) {
	sl := a.slotFor(o, o.secret.Version)
	if o.alone = minted(o.entry) && turnOf(ctx, o.entry) != nil; o.alone {
		return a.mintedAlone(ctx, o, sl)
	}
	h, renew := sl.take(a.o.Clock.Now())
	a.o.Observer.TokenLookup(h != nil)
	switch {
	case h == nil:
		return a.fetched(ctx, o)
	case !renew:
		return h.credential(), nil
	}
	o.renew = true
	next, err := a.fetched(ctx, o)
	sl.renewed(a.o.Clock.Now(), err != nil)
	if err != nil && fault.From(err).Class().Retries() && h.good(a.o.Clock.Now()) {
		return h.credential(), nil
	}
	return next, err
}

// mintedAlone is not left before the provider has answered: the lease must not be given back while it is asked.
func (a *Authenticator) mintedAlone(ctx context.Context, o order, sl *slot) (credential.Credential, error) {
	h, err := a.fly(ctx, o)
	if err != nil {
		return credential.Credential{}, err
	}
	sl.used()
	return h.credential(), nil
}

// fetched shares one fetch among all callers for the same key. The fetch goes on when a caller gives up: a
// refresh must not be cut off in the middle.
func (a *Authenticator) fetched(ctx context.Context, o order) (credential.Credential, error) {
	flight := a.flights.DoChan(flightKey(o), func() (any, error) { return a.fly(ctx, o) })
	select {
	case r := <-flight:
		if r.Err != nil {
			return credential.Credential{}, r.Err
		}
		h, ok := r.Val.(held)
		if !ok {
			return credential.Credential{}, fault.New(fault.Internal, "a fetch gave no token")
		}
		a.slotFor(o, h.version).used()
		return h.credential(), nil
	case <-ctx.Done():
		return credential.Credential{}, fault.Wrap(fault.ProviderUnavailable, "the time ran out while waiting for an access token", context.Cause(ctx))
	}
}

// flightKey keeps renewals apart: who has no token at all must not get a renewal's "not now".
func flightKey(o order) string {
	k := o.key(o.secret.Version)
	return fmt.Sprintf("%s/%s/%d/%d/%t/%d/%d", k.tenant, k.connection, k.generation, k.version, o.renew, o.asked.UnixNano(), o.after.UnixNano())
}

func (a *Authenticator) fly(ctx context.Context, o order) (h held, err error) {
	err = fault.New(fault.Draining, "the worker is stopping")
	ran := a.life.run(ctx, func(ctx context.Context) { h, err = a.fetch(ctx, o) })
	if !ran || err != nil {
		return held{}, err
	}
	a.slotFor(o, h.version).put(h)
	return h, nil
}

// fetch gets a token from the provider, or from whoever got one just now.
func (a *Authenticator) fetch(ctx context.Context, o order) (h held, err error) {
	defer func() {
		if recover() != nil { // the value may hold a secret
			h, err = held{}, fault.New(fault.Internal, "getting an access token panicked")
		}
	}()
	if h, ok := a.present(o); ok {
		return h, nil
	}
	if o.method == credential.RefreshToken {
		return a.refresh(ctx, o)
	}
	return a.mint(ctx, o)
}

// present is the token in memory, where it will do.
func (a *Authenticator) present(o order) (held, bool) {
	h, _ := a.slotFor(o, o.secret.Version).current()
	if o.renew || o.alone || !o.after.IsZero() || !h.good(a.o.Clock.Now()) {
		return held{}, false
	}
	return *h, true
}

// mint asks for a token that costs nothing but the request, while no other worker does: that may end the other's token.
func (a *Authenticator) mint(ctx context.Context, o order) (held, error) {
	if !o.alone {
		lease, h, err := a.await(ctx, o)
		if lease == nil {
			return h, err
		}
		defer a.release(ctx, lease)
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTTL/3)
	defer cancel()
	ask, err := a.grant(ctx, o)
	if err != nil {
		return held{}, err
	}
	t, err := a.asClient(o, o.secret, a.counted(ctx, o.method, ask))
	if err != nil {
		return held{}, err
	}
	a.learn(ctx, o, o.secret, time.Time{})
	return a.hold(o.secret, t), nil
}

// grant is the request that the method makes, once the secret holds what it needs.
func (a *Authenticator) grant(ctx context.Context, o order) (asking, error) {
	if o.method == credential.JWTBearer {
		assertion, err := assertion(o.entry.Auth, o.secret)
		return func(e oauth.Endpoint) (oauth.Token, error) { return a.o.OAuth.JWTBearer(ctx, e, assertion) }, err
	}
	if known, err := clientSecrets(o.secret); err != nil || len(known) == 0 {
		_, missing := field(o.secret, fieldClientSecret)
		return nil, cmp.Or(err, missing)
	}
	return func(e oauth.Endpoint) (oauth.Token, error) { return a.o.OAuth.ClientCredentials(ctx, e) }, nil
}

func assertion(auth events.AuthSettings, s vaultclient.Secret) (oauth.Assertion, error) {
	private, err := field(s, "private_key")
	if err != nil {
		return oauth.Assertion{}, err
	}
	id, _ := s.Get("key_id")
	return oauth.Assertion{
		PrivateKey: private, KeyID: id.Reveal(), Algorithm: auth.Algorithm,
		Issuer: auth.Issuer, Subject: auth.Subject, Audience: auth.Audience,
	}, nil
}

// counted tells the observer of a provider's answers.
func (a *Authenticator) counted(ctx context.Context, m credential.Method, ask asking) asking {
	return func(e oauth.Endpoint) (oauth.Token, error) {
		answered := a.o.Observer.TokenRequest(ctx, m)
		t, err := ask(e)
		answered(fault.From(err))
		return t, err
	}
}

// hold makes a provider's answer a token in memory.
func (a *Authenticator) hold(s vaultclient.Secret, t oauth.Token) held {
	h := newHeld(t.Access, a.o.Clock.Now(), t.Expires, a.o.RenewAhead)
	h.version, h.secrets = s.Version, sensitive(s)
	if !t.Refresh.Empty() {
		h.secrets = append(h.secrets, t.Refresh)
	}
	return h
}

// endpoint is the connection's provider, without a client secret. A client id in the secret goes before the settings' one: it was
// written together with the client secret.
func endpoint(auth events.AuthSettings, s vaultclient.Secret) oauth.Endpoint {
	e := oauth.Endpoint{
		TokenURL: auth.TokenURL, ClientID: auth.ClientID, AuthStyle: auth.AuthStyle,
		Scopes: auth.Scopes, Params: auth.Params,
	}
	if id, ok := s.Get("client_id"); ok && !id.Empty() {
		e.ClientID = strings.TrimSpace(id.Reveal())
	}
	return e
}
