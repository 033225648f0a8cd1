package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
)

// grantSpec asks for tokens as if a user had signed in.
type grantSpec struct {
	ClientID string `json:"client_id"`
	User     string `json:"user"`
	// Scopes are all of the client's by default. Without offline there is no
	// refresh token.
	Scopes []string `json:"scopes"`
}

type grantAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
}

func (s *server) adminGrant(r *http.Request) (any, error) {
	spec, err := decode[grantSpec](r)
	if err != nil {
		return nil, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	client, ok := s.idp.store.Clients[spec.ClientID]
	if !ok {
		return nil, notFound("no client %q", spec.ClientID)
	}
	if _, ok := s.idp.store.Users[spec.User]; !ok {
		return nil, notFound("no user %q", spec.User)
	}
	request := s.idp.signedIn(client, spec.User, orElse(spec.Scopes, client.GetScopes()))
	response, err := s.idp.engine.NewAccessResponse(r.Context(), request)
	if err != nil {
		return nil, err
	}
	refresh, _ := response.GetExtra("refresh_token").(string)
	expires, _ := response.GetExtra("expires_in").(int64)
	scope, _ := response.GetExtra("scope").(string)
	return grantAnswer{AccessToken: response.GetAccessToken(), RefreshToken: refresh, ExpiresIn: expires, Scope: scope}, nil
}

// signedIn is a token request past all checks. It takes the password grant's
// way through the engine, the one that needs nothing but a user.
func (p *provider) signedIn(client fosite.Client, user string, scopes []string) fosite.AccessRequester {
	now := time.Now().UTC()
	session := p.newSession(user, now)
	life := func(kind fosite.TokenType, fallback time.Duration) {
		d := fosite.GetEffectiveLifespan(client, fosite.GrantTypePassword, kind, fallback)
		session.SetExpiresAt(kind, now.Add(d))
	}
	life(fosite.AccessToken, p.config.AccessTokenLifespan)
	life(fosite.RefreshToken, p.config.RefreshTokenLifespan)
	request := fosite.NewAccessRequest(session)
	request.GrantTypes = fosite.Arguments{grantPassword}
	request.Client = client
	request.Form = url.Values{}
	request.SetRequestedScopes(scopes)
	for _, scope := range scopes {
		request.GrantScope(scope)
	}
	return request
}

// revokeSpec names families of tokens: those of a client, of a user, of both
// together, or the one that a token belongs to.
type revokeSpec struct {
	ClientID string `json:"client_id"`
	User     string `json:"user"`
	Token    string `json:"token"`
}

func (s *server) adminRevoke(r *http.Request) (any, error) {
	spec, err := decode[revokeSpec](r)
	if err != nil {
		return nil, err
	}
	if spec == (revokeSpec{}) {
		return nil, adminError{http.StatusBadRequest, "name a client_id, a user or a token"}
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	families := s.idp.families(r, spec)
	for id := range families {
		// Neither fails for a token that is gone already, in this store.
		_ = s.idp.store.RevokeRefreshToken(r.Context(), id)
		_ = s.idp.store.RevokeAccessToken(r.Context(), id)
	}
	return map[string]int{"revoked": len(families)}, nil
}

// families returns the ids of the requests that the tokens began with.
func (p *provider) families(r *http.Request, spec revokeSpec) map[string]bool {
	ids := map[string]bool{}
	note := func(signature, wanted string, request fosite.Requester) {
		if (spec.ClientID == "" || spec.ClientID == request.GetClient().GetID()) &&
			(spec.User == "" || spec.User == request.GetSession().GetSubject()) &&
			(spec.Token == "" || signature == wanted) {
			ids[request.GetID()] = true
		}
	}
	access := p.strategy.AccessTokenSignature(r.Context(), spec.Token)
	for signature, request := range p.store.AccessTokens {
		note(signature, access, request)
	}
	refresh := p.strategy.RefreshTokenSignature(r.Context(), spec.Token)
	for signature, request := range p.store.RefreshTokens {
		note(signature, refresh, request.Requester)
	}
	return ids
}
