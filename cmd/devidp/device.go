package main

import (
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/ory/fosite"
)

// The engine has no device authorization grant (RFC 8628); this is the least of it.

//go:embed device.html
var deviceHTML string

var devicePage = template.Must(template.New("device").Parse(style + deviceHTML))

const (
	deviceLife     = 10 * time.Minute
	deviceInterval = time.Second // a real provider asks for five
	// userCodeLetters leave out vowels and what looks alike (RFC 8628, section 6.1).
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
)

// device is one that waits for a person to sign in elsewhere.
type device struct {
	client   string
	scopes   []string
	userCode string
	ends     time.Time
	polled   time.Time
	interval time.Duration
	user     string // who allowed it; empty: nobody yet
	denied   bool
}

// deviceAuthorization begins (RFC 8628, section 3.1).
func (s *server) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	client, err := s.idp.engine.AuthenticateClient(r.Context(), r, r.PostForm)
	if err != nil {
		s.refuse(w, r, nil, err)
		return
	}
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if !client.GetScopes().Has(scopes...) {
		s.refuse(w, r, nil, fosite.ErrInvalidScope)
		return
	}
	code := rand.Text()
	d := &device{client: client.GetID(), scopes: scopes, userCode: newUserCode(), ends: time.Now().Add(deviceLife), interval: deviceInterval}
	s.idp.store.devices[code] = d
	page := s.idp.issuer + "/device"
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": code, "user_code": d.userCode, "verification_uri": page,
		"verification_uri_complete": page + "?user_code=" + d.userCode,
		"expires_in":                int(deviceLife.Seconds()), "interval": int(deviceInterval.Seconds()),
	})
}

func newUserCode() string {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails
	code := make([]byte, 0, 9)
	for i, b := range raw {
		if i == 4 {
			code = append(code, '-')
		}
		code = append(code, userCodeLetters[int(b)%len(userCodeLetters)])
	}
	return string(code)
}

// devicePerson is where a person enters the code and signs in (RFC 8628, section 3.3).
func (s *server) devicePerson(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	show := func(status int, problem, done string) {
		page(w, status, devicePage, map[string]any{"Code": r.Form.Get("user_code"), "Problem": problem, "Done": done})
	}
	if r.Method != http.MethodPost {
		show(http.StatusOK, "", "")
		return
	}
	d := s.idp.store.byUserCode(r.PostForm.Get("user_code"))
	if d == nil {
		show(http.StatusNotFound, "No device waits with this code.", "")
		return
	}
	if r.PostForm.Get("consent") != "allow" {
		d.denied = true
		show(http.StatusOK, "", "The device was refused.")
		return
	}
	user, err := s.idp.store.Authenticate(r.Context(), r.PostForm.Get("username"), r.PostForm.Get("password"))
	if err != nil {
		show(http.StatusUnauthorized, notSignedIn, "")
		return
	}
	d.user = user
	show(http.StatusOK, "", "The device is signed in. You can close this page.")
}

// deviceToken answers a device that polls (RFC 8628, section 3.4).
func (s *server) deviceToken(w http.ResponseWriter, r *http.Request) {
	client, err := s.idp.engine.AuthenticateClient(r.Context(), r, r.PostForm)
	if err != nil {
		s.refuse(w, r, nil, err)
		return
	}
	code := r.PostForm.Get("device_code")
	d, ok := s.idp.store.devices[code]
	switch {
	case !client.GetGrantTypes().Has(grantDevice):
		s.refuse(w, r, nil, fosite.ErrUnauthorizedClient)
	case !ok || d.client != client.GetID():
		s.refuse(w, r, nil, fosite.ErrInvalidGrant)
	default:
		if word := d.poll(time.Now()); word != "" {
			writeOAuthError(w, http.StatusBadRequest, word, "")
			return
		}
		delete(s.idp.store.devices, code)
		s.grantDevice(w, r, client, d)
	}
}

// poll is the error that a device gets, or none when its person has allowed it.
func (d *device) poll(now time.Time) string {
	early := now.Sub(d.polled) < d.interval
	d.polled = now
	switch {
	case now.After(d.ends):
		return "expired_token"
	case d.denied:
		return "access_denied"
	case early:
		d.interval += deviceInterval
		return "slow_down"
	case d.user == "":
		return "authorization_pending"
	}
	return ""
}

func (s *server) grantDevice(w http.ResponseWriter, r *http.Request, client fosite.Client, d *device) {
	request := s.idp.signedIn(client, d.user, d.scopes)
	response, err := s.idp.engine.NewAccessResponse(r.Context(), request)
	if err == nil && request.GetGrantedScopes().Has("openid") {
		var id string
		id, err = s.idp.strategy.GenerateIDToken(r.Context(), s.idp.config.IDTokenLifespan, request)
		response.SetExtra("id_token", id)
	}
	if err != nil {
		s.refuse(w, r, request, err)
		return
	}
	s.calls.issued(grantDevice)
	s.idp.engine.WriteAccessResponse(r.Context(), w, request, response)
}

// byUserCode takes a code as people type it: in any case, with or without the dash.
func (s *store) byUserCode(typed string) *device {
	plain := strings.NewReplacer("-", "", " ", "")
	for _, d := range s.devices {
		if strings.EqualFold(plain.Replace(typed), plain.Replace(d.userCode)) && time.Now().Before(d.ends) {
			return d
		}
	}
	return nil
}
