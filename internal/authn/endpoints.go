package authn

import (
	"time"

	"holdfast/events"
	"holdfast/internal/oauth"
	"holdfast/vaultclient"
)

// Endpoints are a connection's provider as each of its clients' secrets in turn: for whoever asks it for
// something else than an access token. The next is for an answer of invalid_client only. A public client has one.
func Endpoints(auth events.AuthSettings, s vaultclient.Secret, now time.Time) ([]oauth.Endpoint, error) {
	all, err := clientSecrets(s)
	if err != nil {
		return nil, err
	}
	e := endpoint(auth, s)
	candidates := usable(all, now)
	if len(candidates) == 0 {
		return []oauth.Endpoint{e}, nil
	}
	out := make([]oauth.Endpoint, len(candidates))
	for i, c := range candidates {
		out[i] = e
		out[i].ClientSecret = c.value
	}
	return out, nil
}
