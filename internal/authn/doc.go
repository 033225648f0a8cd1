// Package authn turns a connection and its secret into a credential, and keeps access tokens for reuse.
//
// Access tokens are kept in memory by (tenant, connection, generation, secret version), so that a change of
// settings or secret never meets an old token. One caller at a time gets a token for a key; the others wait
// for it. Shortly before a token ends, one caller renews it while the others go on with the old one.
//
// # Minting
//
// Tokens that cost nothing but the request (client credentials, JWT bearer) are each worker's own. A provider may end a
// client's token when it is asked for the next one, so they are minted under the connection's lease, and a token that a
// target refuses says nothing yet: another worker may have ended it. One more is minted, and tried, while the lease is
// kept (see Alone); only the refusal of that one is the credentials' fault. Whoever finds the lease taken then asks
// neither provider nor target: by the time of its next try it is known what the credentials are worth.
//
// # Refreshing
//
// A rotating refresh token works once, and a provider that sees it twice revokes the whole family. What all
// workers share is the connection's token secret in Vault; it is their record of the family:
//
//	refresh_token, access_token,
//	issued_at, expires_at                      the family's newest member
//	refresh_expires_at                         its refresh token's end, where the provider says
//	revoked                                    fingerprint of a refresh token that was taken back there
//	config_version, generation                 the credentials it was made with
//	origin                                     fingerprint of the config secret's refresh token it came from
//	attempt, attempt_by, attempt_until         fingerprint of a token being spent, whose mark that is, and when
//	                                           its requests have ended at the latest
//	refused, refused_at, refused_for           the provider's last no, and the credentials it was said to
//
// A refresh is a fenced transaction:
//
//	look      an access token that is still good is used, nobody is asked
//	lease     or wait for its holder's result; no lease, no refresh
//	read      config and token again, under the lease
//	mark      attempt, with check-and-set: it proves that Vault can be written before anything is spent,
//	          and it is the trace that a crash leaves behind
//	spend     one request, cut off neither by the caller nor by shutdown; the lease is renewed meanwhile
//	store     with check-and-set, until it is stored; the token works from memory meanwhile
//	release
//
// A config secret with another refresh token is a new authorization, and its token goes first. One with the
// same refresh token (a client secret was changed) goes on with the family.
//
// # When it goes wrong
//
// invalid_grant is believed only when neither secret has moved since. A mark that is found is a token that
// somebody may have spent: nobody touches it until its owner's request must have ended; then the owner is given
// a moment to store, and the token is tried once more, since the provider may never have seen it; invalid_grant
// then is refresh_token_lost. The same goes for a request whose connection broke. One that was not answered in
// time is refresh_token_lost at once: the provider may be about to act on it, and a second request beside it
// would look like theft. A refusal is noted for a minute, so that waiting workers do not all ask again; somebody
// who asks for another try gets one.
//
// # More than one client secret
//
// The config secret may hold client_secrets, a JSON array, beside client_secret or in its stead. Its items are
// secrets, or objects {"value": …, "expires_at": RFC 3339 time}. They are tried in order, those
// past their end left out (more than three are SecretMalformed), and the next only on invalid_client: that answer proves that a refresh token sent
// along was not spent. The one that worked is remembered for as long as the secret's version stays.
package authn
