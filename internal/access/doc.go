// Package access is who may do what: users with roles in places, and the rules that decide over connections.
// Pure, no network; every decision names its rule. docs/who-may-do-what.md says the same in plain words.
package access
