package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"holdfast/internal/secret"
)

// purpose keeps texts that were sealed for one thing from being taken for another.
type purpose string

const (
	forLink    purpose = "link"
	forSignIn  purpose = "sign-in"
	forPerson  purpose = "person"
	forSession purpose = "session"
)

var (
	errForged = errors.New("the text was not sealed with this key for this purpose")
	errEnded  = errors.New("the text has ended")
)

// sealer makes texts that only consoles with the same key can make and read (AES-256-GCM).
type sealer struct {
	aead cipher.AEAD
	mac  []byte
}

// newSealer derives its keys from the console's (HKDF, RFC 5869).
func newSealer(key secret.Value) (sealer, error) {
	derive := func(what string) ([]byte, error) {
		return hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "holdfast console "+what, sha256.Size)
	}
	sealing, err := derive("seal")
	if err != nil {
		return sealer{}, err
	}
	mac, err := derive("mac")
	if err != nil {
		return sealer{}, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead, mac}, err
}

// sealed is what is inside: a value and its end.
type sealed struct {
	Ends  int64           `json:"e"` // Unix seconds
	Value json.RawMessage `json:"v"`
}

// seal gives a text for a URL or a cookie.
func (s sealer) seal(p purpose, ends time.Time, v any) (string, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(sealed{ends.Unix(), value})
	if err != nil {
		return "", err
	}
	//nolint:gosec // the nonce is random: NewGCMWithRandomNonce puts it in front
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(p))), nil
}

// open reads a text that seal made for the same purpose: errForged, or errEnded.
func (s sealer) open(p purpose, text string, now time.Time, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return errForged
	}
	plain, err := s.aead.Open(nil, nil, raw, []byte(p))
	if err != nil {
		return errForged
	}
	var in sealed
	if json.Unmarshal(plain, &in) != nil || json.Unmarshal(in.Value, into) != nil {
		return errForged
	}
	if now.Unix() >= in.Ends {
		return errEnded
	}
	return nil
}

// derive makes 43 characters of a name that nobody without the key can guess.
func (s sealer) derive(what, name string) secret.Value {
	m := hmac.New(sha256.New, s.mac)
	m.Write([]byte(what + "\x00" + name))
	return secret.New(base64.RawURLEncoding.EncodeToString(m.Sum(nil)))
}
