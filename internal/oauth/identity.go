package oauth

import (
	"strings"
	"unicode"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"golang.org/x/oauth2"
)

// maxAccount bounds a name that is only shown, in characters.
const maxAccount = 200

// account is whom a token response's ID token names, for people to read; "" where there is none. The token came
// straight from the token endpoint, so its signature need not be checked (OpenID Connect Core section 3.1.3.7),
// and nothing is decided from it but whether to ask.
func account(t *oauth2.Token) string {
	raw, _ := t.Extra("id_token").(string)
	token, err := jwt.ParseSigned(raw, signatures)
	if err != nil {
		return ""
	}
	var claims struct {
		PreferredUsername string `json:"preferred_username"`
		Email             string `json:"email"`
		UPN               string `json:"upn"`
		Name              string `json:"name"`
		Subject           string `json:"sub"`
	}
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return ""
	}
	for _, name := range []string{claims.PreferredUsername, claims.UPN, claims.Email, claims.Name, claims.Subject} {
		if name = printable(name); name != "" {
			return name
		}
	}
	return ""
}

// signatures are those that a provider may use; they are not checked here, but a key of our own never is one.
var signatures = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA, jose.HS256,
}

func printable(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if letters := []rune(name); len(letters) > maxAccount {
		return string(letters[:maxAccount])
	}
	return name
}
