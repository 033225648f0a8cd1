package authn

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// The config secret's fields for the client's own secret, and for more of them.
const (
	fieldClientSecret  = "client_secret"
	fieldClientSecrets = "client_secrets"
)

// mostClientSecrets bounds how many there may be: all are tried, and providers lock clients that keep guessing.
const mostClientSecrets = 3

// clientSecret is one way to prove who the client is. Ends is zero where nobody said.
type clientSecret struct {
	value secret.Value
	ends  time.Time
}

// UnmarshalJSON reads a secret as it is, or {"value": …, "expires_at": RFC 3339 time}.
func (c *clientSecret) UnmarshalJSON(raw []byte) error {
	var long struct {
		Value   string    `json:"value"`
		Expires time.Time `json:"expires_at"`
	}
	if json.Unmarshal(raw, &long.Value) != nil {
		if err := json.Unmarshal(raw, &long); err != nil {
			return errNoClientSecret
		}
	}
	c.value, c.ends = secret.New(long.Value), long.Expires
	return nil
}

// errNoClientSecret stands for the decoder's error, which may quote the secret.
var errNoClientSecret = errors.New("a client secret is neither text nor an object")

// clientSecrets are the field client_secret and after it the items of client_secrets, in order, each once. A
// secret without either has none: a public client. SecretMalformed names the list, also where there are too many:
// which of them would not be tried is nothing to find out from a provider's refusal.
func clientSecrets(s vaultclient.Secret) ([]clientSecret, error) {
	var all []clientSecret
	if first, ok := s.Get(fieldClientSecret); ok && !first.Empty() {
		all = append(all, clientSecret{value: first})
	}
	list, ok := s.Get(fieldClientSecrets)
	if !ok || list.Empty() {
		return all, nil
	}
	var more []clientSecret
	if json.Unmarshal([]byte(list.Reveal()), &more) != nil {
		return nil, malformed(fieldClientSecrets, "is not a JSON array of secrets")
	}
	for _, c := range more {
		if c.value.Empty() {
			return nil, malformed(fieldClientSecrets, "holds an item without a value")
		}
		if i := slices.IndexFunc(all, func(o clientSecret) bool { return o.value == c.value }); i >= 0 {
			all[i].ends = c.ends
			continue
		}
		all = append(all, c)
	}
	if len(all) > mostClientSecrets {
		return nil, malformed(fieldClientSecrets, "holds too many: with client_secret there may be "+strconv.Itoa(mostClientSecrets))
	}
	return all, nil
}

// usable leaves out what has ended, unless that is all there is.
func usable(all []clientSecret, now time.Time) []clientSecret {
	alive := slices.DeleteFunc(slices.Clone(all), func(c clientSecret) bool { return !c.ends.IsZero() && !now.Before(c.ends) })
	if len(alive) == 0 {
		alive = all
	}
	return alive
}

// lastEnd is when the last client secret ends; zero where one has no end that is known of.
func lastEnd(all []clientSecret) time.Time {
	var last time.Time
	for _, c := range all {
		if c.ends.IsZero() {
			return time.Time{}
		}
		if c.ends.After(last) {
			last = c.ends
		}
	}
	return last
}

// asking is one request to a provider.
type asking func(oauth.Endpoint) (oauth.Token, error)

// asClient asks with the client secrets one after another, the one that worked last first. The next is tried
// on invalid_client only: it proves that the provider looked at nothing else, so a refresh token that was
// sent along is not spent.
func (a *Authenticator) asClient(o order, s vaultclient.Secret, ask asking) (oauth.Token, error) {
	all, err := clientSecrets(s)
	if err != nil {
		return oauth.Token{}, err
	}
	e := endpoint(o.entry.Auth, s)
	candidates := usable(all, a.o.Clock.Now())
	if len(candidates) == 0 { // a public client
		return ask(e)
	}
	sl := a.slotFor(o, s.Version)
	var t oauth.Token
	for _, c := range preferred(candidates, sl.clientSecret()) {
		e.ClientSecret = c.value
		t, err = ask(e)
		if fault.From(err) == nil || fault.From(err).Reason != fault.InvalidClient {
			sl.clientSecretWorks(fingerprint(c.value))
			return t, err
		}
	}
	return t, err
}

// preferred puts the secret of this fingerprint first; the others keep their order.
func preferred(all []clientSecret, print string) []clientSecret {
	i := slices.IndexFunc(all, func(c clientSecret) bool { return fingerprint(c.value) == print })
	if i <= 0 {
		return all
	}
	first := all[i]
	return slices.Insert(slices.Delete(slices.Clone(all), i, i+1), 0, first)
}
