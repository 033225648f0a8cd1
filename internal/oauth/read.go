package oauth

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/oauth2"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// Bounds of what a provider may ask or promise.
const (
	maxRetryAfter = time.Hour
	maxLife       = 10 * 365 * 24 * time.Hour
)

// read takes a token response apart. The token type is not looked at: providers put words of their own there
// ("bot", "user") for what is sent as a bearer token all the same.
func read(t *oauth2.Token, asked time.Time) (Token, error) {
	if !httpguts.ValidHeaderFieldValue(t.AccessToken) {
		return Token{}, fault.Wrap(fault.ProviderUnclear, "the provider's access token can not be sent in a header", ErrAmbiguous)
	}
	out := Token{Access: secret.New(t.AccessToken), Account: account(t)}
	if id, ok := t.Extra("id_token").(string); ok {
		out.identity = secret.New(id)
	}
	if next, ok := t.Extra("refresh_token").(string); ok {
		out.Refresh = secret.New(next)
	}
	if life := lifetime(t.Extra("expires_in")); life > 0 {
		out.Expires = asked.Add(life)
	}
	// Neither name is a standard's; providers use the one or the other.
	if life := max(lifetime(t.Extra("refresh_token_expires_in")), lifetime(t.Extra("refresh_expires_in"))); life > 0 {
		out.RefreshExpires = asked.Add(life)
	}
	if scope, ok := t.Extra("scope").(string); ok {
		out.Scopes = strings.Fields(scope)
	}
	return out, nil
}

// lifetime reads expires_in, which some providers send as a string; 0 where there is none.
func lifetime(v any) time.Duration {
	var seconds float64
	switch n := v.(type) {
	case float64:
		seconds = n
	case int64:
		seconds = float64(n)
	case string:
		seconds, _ = strconv.ParseFloat(n, 64) // no number: the provider did not say
	}
	if !(seconds > 0) { // not a number included
		return 0
	}
	return time.Duration(min(seconds, maxLife.Seconds()) * float64(time.Second))
}
