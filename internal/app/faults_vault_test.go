package app_test

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"holdfast/internal/fault"
)

// basicAuth makes connection s.id, which works.
func basicAuth(s *scene) { s.connect(s.id) }

// vaultSights are Vault's answers to a read of the connection's secret.
func vaultSights() []sight {
	rows := []sight{
		{seen: "Vault is sealed", class: fault.Transient, reason: fault.VaultSealed,
			arrange: func(s *scene) { basicAuth(s); s.vault.Seal(s) }, repair: func(s *scene) { s.vault.Unseal(s) }},
		{seen: "Vault is gone", class: fault.Transient, reason: fault.VaultUnavailable,
			arrange: func(s *scene) { basicAuth(s); s.vault.Kill() }, repair: func(s *scene) { s.vault.Restart(s.all) }},
		{seen: "Vault 403 after one fresh login", class: fault.Operator, reason: fault.VaultForbidden,
			arrange: func(s *scene) { basicAuth(s); s.vault.Policy(s, "worker", `path "nothing" {}`) },
			repair:  restorePolicy},
		{seen: "Vault refuses the worker's login", class: fault.Operator, reason: fault.VaultLogin,
			arrange: func(s *scene) { basicAuth(s); s.refuseLogins(); s.vault.RevokeLogins(s, "approle") }},
		{seen: "Vault 404 no handler for route", class: fault.Operator, reason: fault.VaultNoMount,
			arrange: func(s *scene) { basicAuth(s); s.readElsewhere("nowhere/data/x") }},
	}
	for i := range rows {
		rows[i].follows = isRetried
	}
	for _, status := range []int{412, 472, 473, 474, 500, 502, 503, 530} {
		rows = append(rows, vaultAnswers(fmt.Sprintf("Vault %d", status), fault.VaultUnavailable, vaultSays(status, "not now")))
	}
	return append(rows, append(strangers(),
		sight{seen: "a token that was revoked", class: fault.None, follows: isCured,
			arrange: func(s *scene) { basicAuth(s); s.vault.RevokeLogins(s, "approle") }})...)
}

// strangers are answers that Vault itself gives late, or not at all.
func strangers() []sight {
	return []sight{
		vaultAnswers("Vault 429", fault.VaultThrottled, vaultSays(429, "rate limit quota exceeded")),
		vaultAnswers("Vault redirects", fault.VaultUnavailable, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1"+r.URL.Path, http.StatusTemporaryRedirect)
		}),
		vaultAnswers("Vault is upgrading the mount", fault.VaultUnavailable,
			vaultSays(400, "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly.")),
		vaultAnswers("Vault cuts the connection", fault.VaultUnavailable,
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		vaultAnswers("Vault does not answer in time", fault.VaultUnavailable,
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		vaultAnswers("an empty 404 of something before Vault", fault.VaultUnavailable,
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }),
		vaultAnswers("a page with status 200", fault.VaultUnavailable,
			func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Please sign in</html>")) }),
		vaultAnswers("a page with status 403", fault.VaultUnavailable, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("<html>Blocked</html>"))
		}),
	}
}

// vaultAnswers is a read of the secret that is answered in Vault's stead, until it is not.
func vaultAnswers(seen string, r fault.Reason, answer http.HandlerFunc) sight {
	return sight{seen: seen, class: fault.Transient, reason: r, follows: isRetried, arrange: func(s *scene) {
		basicAuth(s)
		s.proxy.Intercept(s.reads, answer)
	}}
}

// reads tells whether a request reads the connection's secret.
func (s *scene) reads(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/conn/"+s.id+"/config")
}

func vaultSays(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"errors":[%q]}`, text)
	}
}

// readElsewhere sends reads of the secret to another path of the real Vault.
func (s *scene) readElsewhere(path string) {
	u, err := url.Parse(s.vault.Address)
	if err != nil {
		s.Fatal(err)
	}
	p := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableKeepAlives: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.URL.Path = "/v1/" + path
			r.Out.Header.Set("X-Vault-Token", s.vault.RootToken)
		},
	}
	s.proxy.Intercept(s.reads, p.ServeHTTP)
}

func (s *scene) refuseLogins() {
	s.proxy.Intercept(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/login") },
		vaultSays(http.StatusBadRequest, "invalid role or secret ID"))
}

func restorePolicy(s *scene) {
	policy, err := os.ReadFile("../../deploy/vault/worker.hcl")
	if err != nil {
		s.Fatal(err)
	}
	s.vault.Policy(s, "worker", string(policy))
}
