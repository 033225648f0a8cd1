package bus

import (
	"cmp"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// SetupConfig says how much is kept, and how safely. Zero values stand for the defaults, which are those of the
// configuration, too.
type SetupConfig struct {
	// Replicas of every stream and bucket; 0 leaves what exists as it is and creates with 1.
	Replicas int
	// ActionsAge is how long requests are kept, and can be replayed; default 7 days.
	ActionsAge time.Duration
	// OutcomesAge is the ledger's, at least ActionsAge, which is its default. A subject costs the server
	// 300–500 bytes of memory for this long.
	OutcomesAge time.Duration
	// LongestDeadline is the longest that a run may be suspended; default 90 days. Chains are kept for a
	// day more.
	LongestDeadline time.Duration
	// NoticesAge default 14 days, DeadLettersAge 42 days, HistoryAge 180 days.
	NoticesAge, DeadLettersAge, HistoryAge time.Duration
	// MarkerAge is how long a rung alarm waits for a worker; default 7 days. Workers away for longer rely
	// on the sweep.
	MarkerAge time.Duration
	// AckWait is how long a worker may be silent about a message; default 30 s.
	AckWait time.Duration
	// MaxAckPending bounds the messages of one consumer that are unanswered, delayed ones included;
	// default 200,000. At about 100 bytes each that is 20 MB of the server; at a cap of 30 s of backoff it
	// is 6,600 requests a second that wait for one dependency before new ones are held up.
	MaxAckPending int
	// Memory keeps everything in memory: for tests only.
	Memory bool
	// AllowWeaker lets an existing stream be weakened.
	AllowWeaker bool
}

const day = 24 * time.Hour

func (c SetupConfig) withDefaults() SetupConfig {
	c.ActionsAge = cmp.Or(c.ActionsAge, 7*day)
	c.OutcomesAge = cmp.Or(c.OutcomesAge, c.ActionsAge)
	c.LongestDeadline = cmp.Or(c.LongestDeadline, 90*day)
	c.NoticesAge = cmp.Or(c.NoticesAge, 14*day)
	c.DeadLettersAge = cmp.Or(c.DeadLettersAge, 42*day)
	c.HistoryAge = cmp.Or(c.HistoryAge, 180*day)
	c.MarkerAge = cmp.Or(c.MarkerAge, 7*day)
	c.AckWait = cmp.Or(c.AckWait, 30*time.Second)
	c.MaxAckPending = cmp.Or(c.MaxAckPending, 200_000)
	return c
}

// Windows in which a repeated publish is recognised by its id, and lives of small things.
const (
	duplicates           = 2 * time.Minute // also the server's default
	duplicateDeadLetters = time.Hour       // a dead letter whose ack was lost comes again after a backoff
	suspectsAge          = 6 * time.Hour
	leaseMarkerAge       = time.Minute
	nameMarkerAge        = time.Minute
	entryMarkerAge       = day // for caches that are away for a while
	advisoriesAge        = 30 * day
	signInsAge           = time.Hour // a sign-in ends after ten minutes
	usageAge             = 90 * day
	replaysAge           = 30 * day // how long an interrupted replay can be gone on with
	forever              = 0
	kvPrefix             = "KV_"
	kvSubjectPrefix      = "$KV."
)

// streams is every stream and bucket as it should be. Subjects of streams are those of package events.
func (c SetupConfig) streams() []jetstream.StreamConfig {
	subjects := events.StreamSubjects()
	stream := func(name, what string, age time.Duration) jetstream.StreamConfig {
		return jetstream.StreamConfig{Name: name, Description: what, Subjects: subjects[name], MaxAge: age,
			Discard: jetstream.DiscardNew, Duplicates: min(duplicates, cmp.Or(age, duplicates)),
			MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1, MaxConsumers: -1}
	}
	// Old records give way where they are only for looking; elsewhere a full stream refuses.
	passing := func(s jetstream.StreamConfig) jetstream.StreamConfig {
		s.Discard = jetstream.DiscardOld
		return s
	}
	dead := passing(stream(events.StreamDeadLetters, "what could not be handled", c.DeadLettersAge))
	dead.Duplicates = min(duplicateDeadLetters, c.DeadLettersAge)
	history := passing(stream(events.StreamHistory, "outcomes and suspensions, to look at", c.HistoryAge))
	history.Sources = historySources()
	advisories := passing(stream(events.StreamAdvisories, "messages that consumers gave up", advisoriesAge))
	advisories.Subjects = advisorySubjects()

	all := []jetstream.StreamConfig{
		stream(events.StreamConnections, "what happened to connections", forever),
		stream(events.StreamPermissions, "users, roles, places, processes and permission sets", forever),
		stream(events.StreamActions, "action requests and operators' commands", c.ActionsAge),
		stream(events.StreamOutcomes, "the ledger: one subject for each request", c.OutcomesAge),
		stream(events.StreamSuspensions, "one chain for each suspended request", c.LongestDeadline+day),
		passing(stream(events.StreamNotices, "what people should know", c.NoticesAge)),
		dead, history, advisories,
		bucket(events.BucketConnections, "the registry of connections", 0, entryMarkerAge),
		bucket(events.BucketNames, "who has which name", 0, nameMarkerAge),
		bucket(events.BucketPermissions, "users, roles, places, processes and permission sets as they are", 0, 0),
		bucket(events.BucketTimers, "alarms of suspensions", 0, c.MarkerAge),
		bucket(events.BucketSignIns, "sign-ins that were used", signInsAge, 0),
		bucket(events.BucketUsage, "which steps use which connection", usageAge, 0),
		bucket(events.BucketReplays, "how far replays are", replaysAge, leaseMarkerAge),
		bucket(events.BucketSuspects, "messages that may take workers down", suspectsAge, 0),
		bucket(events.BucketLeases, "leases between workers", 0, leaseMarkerAge),
		bucket(events.BucketRuns, "terminated runs", c.LongestDeadline, 0),
	}
	for i := range all {
		all[i].Replicas = c.Replicas
		if c.Memory {
			all[i].Storage = jetstream.MemoryStorage
		}
	}
	return all
}

// bucket is a key-value bucket with history 1. It is made as a stream because nats.go would allow direct
// gets, which may be stale.
func bucket(name, what string, age, markers time.Duration) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: kvPrefix + name, Description: what, Subjects: []string{kvSubjectPrefix + name + ".>"},
		MaxAge: age, Discard: jetstream.DiscardNew, Duplicates: min(duplicates, cmp.Or(age, duplicates)),
		MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: 1, MaxMsgSize: -1, MaxConsumers: -1,
		AllowRollup: true, DenyDelete: true, AllowMsgTTL: markers > 0, SubjectDeleteMarkerTTL: markers,
	}
}

// historySources fold the ids out of the subjects: a subject costs memory, a message hardly any.
func historySources() []*jetstream.StreamSource {
	fold := func(stream, from, kind string) *jetstream.StreamSource {
		return &jetstream.StreamSource{Name: stream, SubjectTransforms: []jetstream.SubjectTransformConfig{
			{Source: from, Destination: "hf.{{wildcard(1)}}.history." + kind},
		}}
	}
	subjects := events.StreamSubjects()
	return []*jetstream.StreamSource{
		fold(events.StreamOutcomes, subjects[events.StreamOutcomes][0], "outcome"),
		fold(events.StreamSuspensions, subjects[events.StreamSuspensions][0], "suspension"),
	}
}

// advisorySubjects is where the server says that a consumer gave a message up: the net below dead letters.
func advisorySubjects() []string {
	var all []string
	for _, d := range Durables() {
		for _, what := range []string{"MAX_DELIVERIES", "MSG_TERMINATED"} {
			all = append(all, "$JS.EVENT.ADVISORY.CONSUMER."+what+"."+d.Stream+"."+d.Name)
		}
	}
	return all
}
