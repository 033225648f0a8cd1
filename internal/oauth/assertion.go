package oauth

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// Assertion is what a JWT bearer assertion says and how it is signed (RFC 7523 section 3).
type Assertion struct {
	// PrivateKey is PEM: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), without a passphrase.
	PrivateKey secret.Value
	// KeyID becomes the header's kid; may be empty.
	KeyID string
	// Algorithm is a JWS algorithm for an asymmetric key: RS256 (also when empty), ES256, PS256, EdDSA and their like.
	Algorithm string
	// Issuer is iss, the endpoint's client id when empty; Subject is sub, the issuer when empty.
	Issuer, Subject string
	// Audience is aud, the token URL when empty.
	Audience string
}

// assertionLife is short: an assertion is used at once. Providers allow clocks to differ by minutes, and
// some refuse more than an hour.
const assertionLife = 5 * time.Minute

// sign makes the assertion. No jti repeats, so that a provider may refuse replays.
func (a Assertion) sign(e Endpoint, now time.Time) (secret.Value, error) {
	issuer := cmp.Or(a.Issuer, e.ClientID)
	if issuer == "" {
		return secret.Value{}, wrong("/auth/issuer", "neither an issuer nor a client id is set")
	}
	signer, err := a.signer()
	if err != nil {
		return secret.Value{}, err
	}
	signed, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: issuer, Subject: cmp.Or(a.Subject, issuer),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionLife)), ID: rand.Text(),
	}).Claims(plainClaims{Audience: cmp.Or(a.Audience, e.TokenURL), Scope: e.scope().Reveal()}).Serialize()
	if err != nil {
		return secret.Value{}, mismatch()
	}
	return secret.New(signed), nil
}

// plainClaims are what some providers read in one way only: the audience as a string (RFC 7519 section 4.1.3
// allows a list of one as well), and what is asked for within the assertion, too (Google, DocuSign).
type plainClaims struct {
	Audience string `json:"aud"`
	Scope    string `json:"scope,omitempty"`
}

func (a Assertion) signer() (jose.Signer, error) {
	algorithm := jose.SignatureAlgorithm(cmp.Or(a.Algorithm, string(jose.RS256)))
	key, err := parseKey([]byte(a.PrivateKey.Reveal()))
	if err != nil {
		return nil, err
	}
	allowed, err := algorithmsFor(key)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(allowed, algorithm) {
		return nil, mismatch()
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: a.KeyID}}, options)
	if err != nil {
		return nil, mismatch()
	}
	return signer, nil
}

// mismatch hides the library's error: it is about the key.
func mismatch() error {
	return wrong("/auth/algorithm", "the private key does not fit the signing algorithm").
		WithHint("RSA keys sign RS256 (the default) or PS256, P-256 keys ES256, Ed25519 keys EdDSA")
}

// algorithmsFor lists what a private key can sign; symmetric algorithms never, so that no public key is
// ever taken for a shared secret.
func algorithmsFor(key crypto.PrivateKey) ([]jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}, nil
	case *ecdsa.PrivateKey:
		byBits := map[int]jose.SignatureAlgorithm{256: jose.ES256, 384: jose.ES384, 521: jose.ES512}
		return []jose.SignatureAlgorithm{byBits[k.Curve.Params().BitSize]}, nil
	case ed25519.PrivateKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}, nil
	}
	return nil, badKey()
}

func parseKey(text []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, badKey()
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, badKey()
}

func badKey() error {
	return fault.New(fault.SecretMalformed, "the field private_key holds no usable private key in PEM").
		WithField("/private_key").WithHint("write it unencrypted, as PKCS #8: openssl pkcs8 -topk8 -nocrypt")
}
