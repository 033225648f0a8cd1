// Package vaultclient is all that Holdfast knows of HashiCorp Vault: it reads and writes the two KV v2
// secrets of a connection, keeps its own login alive, and says what an answer of Vault means.
//
// # Two secrets per connection
//
//	<mount>/data/<prefix>/<tenant>/conn/<connection>/config   written by people, read by workers, cached
//	<mount>/data/<prefix>/<tenant>/conn/<connection>/token    owned by workers, never cached
//
// # What an answer means
//
// The table in table.go maps status and body to a reason, and is the only place that does. Its point is to
// keep apart what is the connection's fault (a secret that was never written, deleted or destroyed) and what
// is ours or Vault's (sealed, forbidden, throttled, an intermediary answering in Vault's stead): only the
// first may suspend a run. Bodies are therefore read raw: a 404 counts as a missing secret only when it is
// Vault's own answer, and an answer that is not Vault's never says anything about a secret.
//
// # Staying logged in
//
// A token is renewed at two thirds of its life; near its maximum life, when it can not be renewed, or when
// Vault refuses the renewal, the client logs in again. Failures are retried with backoff. A 403 on a request
// is looked into with lookup-self: where our token is to blame there is one fresh login, shared by all
// callers, and the request is repeated once; otherwise a policy is missing, which is the operator's matter.
//
// # Load
//
// At most MaxInFlight requests are on their way at once, nothing is retried in here (callers know what
// repeating means), and a circuit breaker answers at once while Vault can not be reached. An answer of Vault
// itself, sealed or not, is proof of the contrary and closes the breaker.
//
// Errors are *fault.Fault with fixed words. Errors of the Vault library are never shown: they carry URLs.
package vaultclient
