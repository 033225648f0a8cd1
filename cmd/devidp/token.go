package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/ory/fosite"
)

// token is the token endpoint (RFC 6749, section 3.2).
func (s *server) token(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	ctx := r.Context()
	grant := r.PostForm.Get("grant_type")
	if grant != "" && !slices.Contains(grantTypes, grant) {
		s.refuse(w, r, nil, fosite.ErrUnsupportedGrantType)
		return
	}
	if grant == grantDevice {
		s.deviceToken(w, r)
		return
	}
	request, err := s.idp.engine.NewAccessRequest(ctx, r, s.idp.newSession("", time.Now().UTC()))
	if err != nil {
		s.refuse(w, r, request, err)
		return
	}
	if grant == grantClient || grant == grantPassword {
		for _, scope := range request.GetRequestedScopes() {
			request.GrantScope(scope) // allowed to the client: the engine has looked
		}
	}
	response, err := s.idp.engine.NewAccessResponse(ctx, request)
	if err != nil {
		s.refuse(w, r, request, err)
		return
	}
	s.calls.issued(grant)
	s.idp.engine.WriteAccessResponse(ctx, w, request, response)
}

// refuse answers an error as RFC 6749, section 5.2 has it.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, request fosite.AccessRequester, err error) {
	if errors.Is(err, fosite.ErrJTIKnown) {
		// The engine has an error of its own here; RFC 7523, section 3.1 has not.
		err = fosite.ErrInvalidGrant.WithHint("The assertion was used before.")
	}
	if errors.Is(err, fosite.ErrInvalidClient) && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="devidp"`)
	}
	s.idp.engine.WriteAccessError(r.Context(), w, request, err)
}

// introspect is the introspection endpoint (RFC 7662).
func (s *server) introspect(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	response, err := s.idp.engine.NewIntrospectionRequest(r.Context(), r, s.idp.newSession("", time.Now().UTC()))
	if err != nil {
		s.idp.engine.WriteIntrospectionError(r.Context(), w, err)
		return
	}
	s.idp.engine.WriteIntrospectionResponse(r.Context(), w, response)
}

// revoke is the revocation endpoint (RFC 7009). A token takes its family with it.
func (s *server) revoke(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	err := s.idp.engine.NewRevocationRequest(r.Context(), r)
	s.idp.engine.WriteRevocationResponse(r.Context(), w, err)
}

// userinfo says who an access token stands for (OpenID Connect Core, section 5.3).
func (s *server) userinfo(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	token := fosite.AccessTokenFromRequest(r)
	_, request, err := s.idp.engine.IntrospectToken(r.Context(), token, fosite.AccessToken, s.idp.newSession("", time.Now().UTC()))
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{
		"sub": request.GetSession().GetSubject(), "preferred_username": request.GetSession().GetUsername(),
	})
}

func (s *server) jwks(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.idp.publicKeys())
}

// discovery is the metadata document (OpenID Connect Discovery, section 3).
func (s *server) discovery(w http.ResponseWriter, _ *http.Request) {
	issuer := s.idp.issuer
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/authorize",
		"token_endpoint":                        issuer + "/token",
		"introspection_endpoint":                issuer + "/introspect",
		"revocation_endpoint":                   issuer + "/revoke",
		"userinfo_endpoint":                     issuer + "/userinfo",
		"device_authorization_endpoint":         issuer + "/device_authorization",
		"jwks_uri":                              issuer + "/jwks",
		"grant_types_supported":                 grantTypes,
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "offline", "api"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the reader is gone, if it fails
}
