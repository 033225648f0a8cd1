package bus

import (
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// Names of the durable consumers that workers share.
const (
	DurableConnections = "connections" // connection.* events
	DurablePermissions = "permissions" // directory.*, place.*, process.* and permission.* events
	DurableActions     = "actions"     // action.requested
	DurableCommands    = "commands"    // what operators ask of suspensions
	DurableChains      = "chains"      // the chains themselves: what resumed runs, what terminated ends
	DurableAlarms      = "alarms"      // expiry markers of timers
	DurableRegistry    = "registry"    // changes of the registry: repairs drive resumes
)

// Durable is one consumer on one stream.
type Durable struct {
	Stream string
	Name   string
	Filter string // one subject; empty: all of the stream
}

// Durables lists every durable consumer.
func Durables() []Durable {
	return []Durable{
		{events.StreamConnections, DurableConnections, ""},
		{events.StreamPermissions, DurablePermissions, ""},
		{events.StreamActions, DurableActions, "hf.*.action.requested"},
		{events.StreamActions, DurableCommands, "hf.*.suspension.*"},
		{events.StreamSuspensions, DurableChains, ""},
		{kvPrefix + events.BucketTimers, DurableAlarms, ""},
		{kvPrefix + events.BucketConnections, DurableRegistry, ""},
	}
}

// config is the consumer on the server. No BackOff and no MaxDeliver: delays are ours, by delayed nak,
// and nothing is given up because it came often.
func (d Durable) config(c SetupConfig) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: d.Name, FilterSubject: d.Filter, AckPolicy: jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverAllPolicy, AckWait: c.AckWait, MaxDeliver: -1,
		MaxAckPending: c.MaxAckPending,
	}
}
