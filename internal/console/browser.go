package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"regexp"
	"time"
)

// The browser's own cookie: it says nothing but "the same browser as before". It is Lax, because a provider
// sends the browser back from another site.

type browserKey struct{}

var browserID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

const browserLife = 24 * time.Hour

// bound makes sure that the browser has its cookie.
func (c *Console) bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(c.cookieName("browser"))
		if err != nil || !browserID.MatchString(cookie.Value) {
			cookie = c.setCookie(w, "browser", rand.Text(), browserLife)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), browserKey{}, cookie.Value)))
	})
}

// browser is a digest of the browser's cookie: what sealed texts and notes hold is no cookie.
func browser(r *http.Request) string {
	id, _ := r.Context().Value(browserKey{}).(string)
	sum := sha256.Sum256([]byte("holdfast browser " + id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// cookieName takes the prefix that keeps other hosts of the domain from setting the cookie, where it can.
func (c *Console) cookieName(name string) string {
	if c.secure {
		return "__Host-hf_" + name
	}
	return "hf_" + name
}

// setCookie sets a cookie that scripts do not see; a life of 0 takes it away.
func (c *Console) setCookie(w http.ResponseWriter, name, value string, life time.Duration) *http.Cookie {
	//nolint:gosec // Secure wherever browsers come by https: plain http is for this machine alone
	cookie := &http.Cookie{Name: c.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: c.secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds())}
	if life <= 0 {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
	return cookie
}

// token is what the forms of a person in this browser carry, beside the browser's own word for where they are
// sent from.
func (c *Console) token(r *http.Request, p person) string {
	return c.seals.derive("form", browser(r)+"\x00"+p.Tenant+"\x00"+p.User).Reveal()
}

func (c *Console) rightToken(r *http.Request, p person) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(c.token(r, p))) == 1
}
