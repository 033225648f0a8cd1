// Package oauth asks OAuth 2.0 providers for access tokens: client credentials (RFC 6749 section 4.4),
// refresh (section 6) and JWT bearer assertions (RFC 7523).
//
// One call is one request. Nothing is retried, no redirect is followed, and how the client authenticates is
// always said outright: guessing would send a failed request twice, and a refresh token that was spent by
// the first would come back as invalid_grant. What an answer means is the table in answer.go.
//
// Errors are *fault.Fault in fixed words: neither a body nor a URL of the provider's is ever in them. For a
// refresh, errors.Is(err, ErrAmbiguous) tells that the provider may have spent the refresh token although
// no new one arrived.
package oauth
