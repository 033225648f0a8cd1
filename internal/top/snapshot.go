// Package top shows how a deployment does, live: from the bus alone, with an operator's login, and from the metrics
// of workers where their addresses are given.
//
// # What it costs the bus
//
// Once, at the start, the last event of every chain and every entry of the registry are read. After that, readers
// follow what is stored: chains and registry as they change, outcomes as headers without their payload. Each
// interval asks for seven consumers and three streams. Nothing is read twice, and no message is taken from a worker.
package top

import "time"

// Snapshot is how it stands at one moment.
type Snapshot struct {
	At      time.Time `json:"at"`      // by the bus's clock
	Seconds float64   `json:"seconds"` // the time that rates are of; 0: there are no rates yet
	Tenant  string    `json:"tenant,omitempty"`
	// Rates are per second: requested, each outcome, suspended, and dead letters.
	Rates []Rate `json:"rates"`
	// Partial says that outcomes came faster than they could be read: their rates are extrapolated from a part.
	Partial   bool       `json:"partial"`
	Consumers []Consumer `json:"consumers"`
	// Stages are of the workers that were asked; empty where none was.
	Stages []Stage `json:"stages"`
	// Retries are deliveries that those workers put off of late, by reason, the most first; RetriesSeconds is the time that they
	// are of: a minute, or since it was first looked.
	Retries        []Retry `json:"retries"`
	RetriesSeconds float64 `json:"retries_seconds"`
	// Broken are the connections that do not work and those that requests wait for, most waiting first; the first of
	// BrokenTotal.
	Broken      []Broken `json:"broken"`
	BrokenTotal int      `json:"broken_total"`
	// Deadlines are the suspensions that end next; the first of SuspendedTotal.
	Deadlines      []Deadline   `json:"deadlines"`
	SuspendedTotal int          `json:"suspended_total"`
	Dependencies   []Dependency `json:"dependencies"`
	// Reading is true until chains and registry were read once: totals are too small until then.
	Reading bool `json:"reading"`
	// Problem is why a part of it is old; empty: nothing is.
	Problem string `json:"problem,omitempty"`
}

// Rate is how often something happens.
type Rate struct {
	What      string  `json:"what"`
	PerSecond float64 `json:"per_second"`
}

// Consumer is how far the workers of a durable consumer are.
type Consumer struct {
	Stream  string `json:"stream"`
	Name    string `json:"consumer"`
	Lag     uint64 `json:"lag"`       // not delivered yet
	Open    int    `json:"in_flight"` // delivered and not answered, those that are delayed included
	Again   int    `json:"again"`     // of those, delivered more than once
	Asking  int    `json:"asking"`    // pulls that wait for messages
	Trouble bool   `json:"trouble"`   // messages wait, and nobody asks for them
}

// Stage is how long one step of a request takes, over all workers that were asked.
type Stage struct {
	Name      string  `json:"stage"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_seconds"` // 0: none came by
	P99       float64 `json:"p99_seconds"`
}

// Retry is how often something was put off for a reason.
type Retry struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Broken is a connection that does not work, or that requests still wait for.
type Broken struct {
	Tenant     string     `json:"tenant"`
	Connection string     `json:"connection_id"`
	State      string     `json:"state"` // as in Connection; active: what waits is being resumed
	Reason     string     `json:"reason,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Waiting    int        `json:"waiting"` // suspended requests
}

// Deadline is when a suspension ends.
type Deadline struct {
	Tenant       string    `json:"tenant"`
	Connection   string    `json:"connection_id"`
	Run          string    `json:"run_id"`
	Request      string    `json:"request_id"`
	TerminatesAt time.Time `json:"terminates_at"`
}

// States of a dependency.
const (
	Healthy = "ok"
	Trouble = "trouble"
	Idle    = "idle" // nothing was asked of it
)

// Dependency is how something that workers need does: bus, vault, provider, or a worker itself.
type Dependency struct {
	Name      string  `json:"dependency"`
	State     string  `json:"state"`
	Detail    string  `json:"detail,omitempty"`
	PerSecond float64 `json:"per_second"` // calls
	Failed    float64 `json:"failed_per_second"`
	P99       float64 `json:"p99_seconds"`
}
