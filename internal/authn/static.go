package authn

import (
	"cmp"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"holdfast/events"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

const defaultKeyHeader = "X-Api-Key"

// ownHeaders are those that a request is made of: a key in one of them would change where or how it is sent.
var ownHeaders = []string{
	"Connection", "Content-Length", "Content-Type", "Expect", "Host", "Idempotency-Key", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

// static makes a credential of what the secret holds, asking nobody.
func static(auth events.AuthSettings, s vaultclient.Secret) (credential.Credential, error) {
	c, err := staticOf(auth, s)
	if err != nil {
		return credential.Credential{}, err
	}
	c.SecretVersion = s.Version
	return c, nil
}

func staticOf(auth events.AuthSettings, s vaultclient.Secret) (credential.Credential, error) {
	switch credential.Method(auth.Method) {
	case credential.Basic:
		return basic(s)
	case credential.APIKey:
		return apiKey(auth, s)
	default:
		token, err := headerField(s, "token")
		return of(err, func() credential.Credential { return bearer(token) })
	}
}

func bearer(token secret.Value) credential.Credential { return credential.NewBearer(token, noEnd) }

func basic(s vaultclient.Secret) (credential.Credential, error) {
	user, err := field(s, "username")
	if err != nil {
		return credential.Credential{}, err
	}
	// RFC 7617 section 2: the first colon ends the user name.
	if name := user.Reveal(); strings.Contains(name, ":") || hasControl(name) {
		return credential.Credential{}, malformed("username", "holds a colon or a control character")
	}
	password, err := field(s, "password")
	if err != nil {
		return credential.Credential{}, err
	}
	if hasControl(password.Reveal()) {
		return credential.Credential{}, malformed("password", "holds a line break or another control character")
	}
	return credential.NewBasic(user.Reveal(), password), nil
}

func apiKey(auth events.AuthSettings, s vaultclient.Secret) (credential.Credential, error) {
	name := cmp.Or(auth.Header, defaultKeyHeader)
	if !httpguts.ValidHeaderFieldName(name) || slices.Contains(ownHeaders, textproto.CanonicalMIMEHeaderKey(name)) {
		return credential.Credential{}, fault.New(fault.SettingsInvalid, "the header is none that a key can be sent in").
			WithField("/auth/header")
	}
	k, err := headerField(s, "api_key")
	return of(err, func() credential.Credential { return credential.NewHeader(name, k) })
}

func of(err error, c func() credential.Credential) (credential.Credential, error) {
	if err != nil {
		return credential.Credential{}, err
	}
	return c(), nil
}
