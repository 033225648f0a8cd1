package authn

import (
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// The fields of the worker-owned token secret.
const (
	fieldRefresh       = "refresh_token"
	fieldAccess        = "access_token"
	fieldMade          = "issued_at" // RFC 3339, like all times here
	fieldExpires       = "expires_at"
	fieldConfigVersion = "config_version"
	fieldGeneration    = "generation"
	fieldOrigin        = "origin"
	fieldAttempt       = "attempt"
	fieldAttemptBy     = "attempt_by"
	fieldAttemptUntil  = "attempt_until"
	fieldRevoked       = "revoked"
	fieldRefreshEnds   = "refresh_expires_at"
	fieldRefused       = "refused"
	fieldRefusedAt     = "refused_at"
	fieldRefusedFor    = "refused_for"
)

// refusalAge is how long a noted refusal spares the provider the question. It bounds as well how long an
// account that was unlocked at the provider waits.
const refusalAge = time.Minute

// fence names the credentials that something was done with.
type fence struct {
	version    int
	generation uint64
}

func fenceOf(e *connection.Entry, config vaultclient.Secret) fence {
	return fence{config.Version, e.Generation}
}

func (f fence) String() string {
	return strconv.Itoa(f.version) + "/" + strconv.FormatUint(f.generation, 10)
}

// family is the token secret: what all workers know of a connection's refresh tokens. What can not be read
// counts as not there.
type family struct {
	// version is the token secret's own: the check-and-set value of the next write.
	version         int
	refresh, access secret.Value
	made, expires   time.Time
	// refreshEnds is when the refresh token does; zero where nobody said.
	refreshEnds time.Time
	// revoked is the fingerprint of the refresh token that was taken back at the provider.
	revoked string
	fence   fence
	origin  string
	// attempt is the fingerprint of a token that somebody spends or has spent, attemptBy whose mark it is, and
	// attemptUntil when that one's requests must have ended.
	attempt, attemptBy string
	attemptUntil       time.Time
	refused            fault.Reason
	refusedAt          time.Time
	refusedFor         string
}

func parseFamily(s vaultclient.Secret) family {
	text := func(name string) string { v, _ := s.Get(name); return v.Reveal() }
	at := func(name string) time.Time {
		t, err := time.Parse(time.RFC3339Nano, text(name))
		if err != nil {
			return time.Time{}
		}
		return t
	}
	f := family{
		version: s.Version, made: at(fieldMade), expires: at(fieldExpires), origin: text(fieldOrigin),
		refreshEnds: at(fieldRefreshEnds), revoked: text(fieldRevoked),
		attempt: text(fieldAttempt), attemptBy: text(fieldAttemptBy),
		attemptUntil: at(fieldAttemptUntil),
		refused:      fault.Reason(text(fieldRefused)), refusedAt: at(fieldRefusedAt), refusedFor: text(fieldRefusedFor),
	}
	f.refresh, _ = s.Get(fieldRefresh)
	f.access, _ = s.Get(fieldAccess)
	if n, err := strconv.Atoi(text(fieldConfigVersion)); err == nil {
		f.fence.version = n
	}
	if n, err := strconv.ParseUint(text(fieldGeneration), 10, 64); err == nil {
		f.fence.generation = n
	}
	return f
}

// next is the refresh token to spend: the family's, unless the config secret has one of another origin,
// which is a new authorization.
func (f family) next(config secret.Value) secret.Value {
	if !f.refresh.Empty() && f.origin == fingerprint(config) {
		return f.refresh
	}
	return config
}

// unfinished tells whether somebody else began to spend t and never said how that ended.
func (f family) unfinished(t secret.Value) bool {
	return f.attempt != "" && f.attempt == fingerprint(t)
}

// refusal is the provider's last no, as long as it is young, was said to the same credentials, and nobody has
// asked for another try since.
func (f family) refusal(to fence, asked, now time.Time) error {
	class := f.refused.Class()
	if (class != fault.Auth && class != fault.Settings) || f.refusedFor != to.String() || f.refusedAt.Before(asked) {
		return nil
	}
	if age := now.Sub(f.refusedAt); age < 0 || age > refusalAge {
		return nil
	}
	return fault.New(f.refused, "the provider refused the refresh token a moment ago")
}

// mark is who spends which token, until when.
func mark(t secret.Value, until time.Time) (fields map[string]secret.Value, by string) {
	by = rand.Text()
	return values(fieldAttempt, fingerprint(t), fieldAttemptBy, by, fieldAttemptUntil, stamp(until)), by
}

func unmarked() map[string]secret.Value {
	return values(fieldAttempt, "", fieldAttemptBy, "", fieldAttemptUntil, "")
}

// refused notes a no.
func refused(reason fault.Reason, to fence, now time.Time) map[string]secret.Value {
	return values(fieldRefused, string(reason), fieldRefusedAt, stamp(now), fieldRefusedFor, to.String())
}

// refreshed is what is stored of a new member of the family.
func refreshed(t oauth.Token, h held, made fence, config secret.Value) map[string]secret.Value {
	fields := values(
		fieldMade, stamp(h.made), fieldExpires, stamp(h.expires), fieldConfigVersion, strconv.Itoa(made.version),
		fieldGeneration, strconv.FormatUint(made.generation, 10), fieldOrigin, fingerprint(config),
		fieldAttempt, "", fieldAttemptBy, "", fieldAttemptUntil, "", fieldRefused, "", fieldRefusedAt, "", fieldRefusedFor, "", fieldRefreshEnds, "",
	)
	if !t.RefreshExpires.IsZero() {
		fields[fieldRefreshEnds] = secret.New(stamp(t.RefreshExpires))
	}
	fields[fieldRefresh], fields[fieldAccess] = t.Refresh, t.Access
	return fields
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func values(pairs ...string) map[string]secret.Value {
	out := make(map[string]secret.Value, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = secret.New(pairs[i+1])
	}
	return out
}

// leaseKey is a KV key of three tokens; ids hold no dots.
func leaseKey(e *connection.Entry) string {
	return strings.Join([]string{"refresh", e.Tenant, e.ID}, ".")
}
