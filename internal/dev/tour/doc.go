// Package tour plays what Holdfast promises on a development stack, with real events, and holds it to its
// word: what is seen is read from the bus's streams, the target's counters and Vault, and the first promise
// that is not kept ends the tour.
//
//	connections.go  actions run as connections
//	suspend.go      a password that changed suspends runs
//	rotate.go       a write to Vault lets them go on
//	terminate.go    what waits too long ends, once
//	sealed.go       Vault being sealed suspends nothing
//	killed.go       a worker that dies loses and repeats nothing
//	refused.go      what is wrong comes back as a dead letter
package tour
