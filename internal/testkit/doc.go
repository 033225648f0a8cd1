// Package testkit starts the real parts that tests run against, each a test's own: a Vault, an identity
// provider, a NATS server, and a proxy that counts and breaks what passes. Nothing in it is a mock.
package testkit
