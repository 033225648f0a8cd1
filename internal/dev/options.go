package dev

import (
	"io"
	"strings"
	"time"

	"holdfast/internal/secret"
)

// Options say what to start and where.
type Options struct {
	// Data is the folder to keep everything in; a second start goes on from there. Empty: a temporary one,
	// removed at the end.
	Data string
	// NATSURL is a bus to use instead of an own one, with a user and a password in it where it wants them.
	NATSURL string
	// VaultAddress and VaultToken are a Vault to use instead of an own one, and an administrator's token.
	VaultAddress string
	VaultToken   secret.Value
	Ports        Ports
	Pace         Pace
	// Program is the holdfast program that the worker runs; empty: this one.
	Program string
	// WithoutDemo leaves out the demonstration connections.
	WithoutDemo bool
	// JSON makes Run say that all is ready in one line for machines.
	JSON bool
	// Out is for what people asked for, Err for how it is going.
	Out, Err io.Writer
}

// Environ takes NATS_URL, VAULT_ADDR and VAULT_TOKEN out of an environment as os.Environ gives it. An empty
// variable counts as not set.
func (o *Options) Environ(environ []string) {
	for _, pair := range environ {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "NATS_URL":
			o.NATSURL = value
		case "VAULT_ADDR":
			o.VaultAddress = strings.TrimRight(value, "/")
		case "VAULT_TOKEN":
			o.VaultToken = secret.New(value)
		}
	}
}

// Pace is how quickly the worker goes about things. The defaults suit somebody who watches.
type Pace struct {
	AckWait     time.Duration // until an unfinished message goes to another worker
	BackoffBase time.Duration // between tries, at first
	BackoffMax  time.Duration // between tries, at most
	BrokenPoll  time.Duration // between looks at the secrets of broken connections
	CacheTTL    time.Duration // for which a secret is used again
	Drain       time.Duration // for finishing when it stops
	Concurrency int           // messages at a time
}

// DefaultPace notices a rotated secret within about two seconds.
func DefaultPace() Pace {
	return Pace{
		AckWait: 30 * time.Second, BackoffBase: 250 * time.Millisecond, BackoffMax: 5 * time.Second,
		BrokenPoll: 2 * time.Second, CacheTTL: 5 * time.Second, Drain: 5 * time.Second, Concurrency: 64,
	}
}
