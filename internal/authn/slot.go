package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"holdfast/internal/credential"
	"holdfast/internal/secret"
)

// key names the credentials that an access token was made with.
type key struct {
	tenant, connection string
	generation         uint64
	version            int
}

// held is an access token in memory.
type held struct {
	access  secret.Value
	secrets []secret.Value // what to mask besides
	// version is the config secret's version that it was made with.
	version int
	made    time.Time
	// adopted tells that another worker got it, perhaps long ago.
	adopted bool
	// expires is when the provider says it ends, and where it does not say, an hour from made.
	expires time.Time
	// renewAt is when to look for the next, goodUntil when to stop handing it out.
	renewAt, goodUntil time.Time
}

const (
	// unsaidLife is the life of a token whose provider names none.
	unsaidLife = time.Hour
	// margin is the time that a request may need from here to the target.
	margin = 5 * time.Second
	// renewPause follows a renewal that failed: the old token still works, and the provider has trouble.
	renewPause = 5 * time.Second
	// replacementAge is how long a token counts as the replacement of one that a target refused.
	replacementAge = time.Minute
)

var noEnd time.Time

// newHeld plans a token's life: it is handed out until a tenth of its life, 5 s at most, is left, and renewed
// from a fifth, or ahead, on. The jitter keeps workers that share a token from renewing it at once.
func newHeld(access secret.Value, made, expires time.Time, ahead time.Duration) held {
	if expires.IsZero() {
		expires = made.Add(unsaidLife)
	}
	life := max(expires.Sub(made), 0)
	ahead = min(ahead, life/5)
	ahead = ahead*3/4 + rand.N(max(ahead/2, 1)) //nolint:gosec // no secret, only spread
	return held{
		access: access, made: made, expires: expires,
		renewAt: expires.Add(-ahead), goodUntil: expires.Add(-min(margin, life/10)),
	}
}

func (h *held) good(now time.Time) bool { return h != nil && now.Before(h.goodUntil) }

func (h *held) credential() credential.Credential {
	c := credential.NewBearer(h.access, h.expires)
	c.Secrets = append(c.Secrets, h.secrets...)
	c.SecretVersion = h.version
	return c
}

// slot is the place of one key's access token.
type slot struct {
	mu    sync.Mutex
	token *held
	// uses counts how often token was handed out.
	uses int
	// renewing is set while one caller renews ahead of time; renewNext is when another may.
	renewing  bool
	renewNext time.Time
	// rejected is the fingerprint of the token that a target refused last.
	rejected string
	// replacement tells that token came after rejected.
	replacement bool
	// client is the fingerprint of the client secret that the provider took last.
	client string
}

// take hands out the token, nil where there is no good one; renew makes the caller the one who renews it.
func (s *slot) take(now time.Time) (h *held, renew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.token.good(now) {
		return nil, false
	}
	s.uses++
	if s.renewing || now.Before(s.token.renewAt) || now.Before(s.renewNext) {
		return s.token, false
	}
	s.renewing = true
	return s.token, true
}

// current is the token as it is, and the fingerprint of the one not to use again.
func (s *slot) current() (h *held, rejected string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, s.rejected
}

// refused tells whether there is no token because a target refused the last one.
func (s *slot) refused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token == nil && s.rejected != ""
}

func (s *slot) put(h held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && s.token.access == h.access {
		return
	}
	s.replacement = s.rejected != "" && s.token == nil
	s.token, s.uses = &h, 0
}

// renewed ends a renewal.
func (s *slot) renewed(now time.Time, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewing = false
	if failed {
		s.renewNext = now.Add(renewPause)
	}
}

func (s *slot) clientSecret() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client
}

// clientSecretWorks notes the client secret that the provider knows the client by.
func (s *slot) clientSecretWorks(print string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = print
}

// used counts a token that was handed out without take.
func (s *slot) used() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses++
}

// reject drops the token of this fingerprint. It tells whether another one is worth a try.
func (s *slot) reject(print string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil || fingerprint(s.token.access) != print {
		return true // somebody was here before: there is, or will be, another
	}
	again := (s.uses > 1 || s.token.adopted) && (!s.replacement || now.Sub(s.token.made) > replacementAge)
	s.rejected, s.token = print, nil
	return again
}

// fingerprint is the SHA-256 of a secret of many random bits, in hexadecimal.
func fingerprint(v secret.Value) string {
	if v.Empty() {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.TrimPrefix(v.Reveal(), "Bearer ")))
	return hex.EncodeToString(sum[:])
}
