package main

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/ory/fosite"
)

//go:embed page.html
var styleHTML string

// style is what all pages begin with.
var style = `{{define "style"}}` + styleHTML + `{{end}}`

//go:embed login.html
var loginHTML string

var loginPage = template.Must(template.New("login").Parse(style + loginHTML))

const notSignedIn = "No such user, or another password."

// authorize is the authorization endpoint (RFC 6749, section 3.1): it shows a
// page to sign in on, or signs in at once where the client is set up for that.
func (s *server) authorize(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	ctx := r.Context()
	request, err := s.idp.engine.NewAuthorizeRequest(ctx, r)
	if err != nil {
		s.idp.engine.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	user, ok := s.signIn(w, r, request)
	if !ok {
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	response, err := s.idp.engine.NewAuthorizeResponse(ctx, request, s.idp.newSession(user, request.GetRequestedAt()))
	if err != nil {
		s.idp.engine.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	s.idp.engine.WriteAuthorizeResponse(ctx, w, request, response)
}

// signIn returns who signed in and consented; otherwise it has answered.
func (s *server) signIn(w http.ResponseWriter, r *http.Request, request fosite.AuthorizeRequester) (string, bool) {
	if user, ok := s.idp.store.auto[request.GetClient().GetID()]; ok {
		return user, true
	}
	if r.Method != http.MethodPost {
		showLogin(w, http.StatusOK, request, "")
		return "", false
	}
	if r.PostForm.Get("consent") != "allow" {
		s.idp.engine.WriteAuthorizeError(r.Context(), w, request, fosite.ErrAccessDenied)
		return "", false
	}
	user, err := s.idp.store.Authenticate(r.Context(), r.PostForm.Get("username"), r.PostForm.Get("password"))
	if err != nil {
		showLogin(w, http.StatusUnauthorized, request, notSignedIn)
		return "", false
	}
	return user, true
}

func showLogin(w http.ResponseWriter, status int, request fosite.AuthorizeRequester, problem string) {
	page(w, status, loginPage, map[string]any{
		"Client": request.GetClient().GetID(), "Scopes": request.GetRequestedScopes(), "Problem": problem,
		"Hint": request.GetRequestForm().Get("login_hint"),
	})
}

func page(w http.ResponseWriter, status int, t *template.Template, facts map[string]any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = t.Execute(w, facts) // the reader is gone, if it fails
}
