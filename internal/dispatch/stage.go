package dispatch

import (
	"context"
	"slices"
	"sync"
	"time"

	"holdfast/internal/fault"
)

// Stage is one step of a delivery on its way to what comes of it: a metric's label, a span's name, and a member of a
// slow request's line in the log.
type Stage string

// The stages, in about the order in which a request comes through them.
const (
	StageSchema       Stage = "schema"       // bounds, JSON, envelope, schema, search for secrets
	StageLedger       Stage = "ledger"       // a look at the request's ledger
	StageChain        Stage = "chain"        // a look at its chain
	StageDecide       Stage = "decide"       // may it, as whom, by which rule
	StageVault        Stage = "vault"        // the connection's secret, from the cache or from Vault
	StageAuthenticate Stage = "authenticate" // a credential of it, with or without the provider
	StageProvider     Stage = "provider"     // one request to an identity provider
	StageExecute      Stage = "execute"      // the target
	StageVerify       Stage = "verify"       // a repaired connection's test
	StageResume       Stage = "resume"       // the moves of a chain that waits
	StageExtend       Stage = "extend"
	StageTerminate    Stage = "terminate"
	StagePublish      Stage = "publish" // an event that decides, until it is stored
)

// AllStages lists every stage, for metrics that start at 0.
func AllStages() []Stage {
	return []Stage{StageSchema, StageLedger, StageChain, StageDecide, StageVault, StageAuthenticate, StageProvider,
		StageExecute, StageVerify, StageResume, StageExtend, StageTerminate, StagePublish}
}

// Stages is told of stages.
type Stages interface {
	// Begin begins a stage. What runs in it gets the context; end is called once, with what went wrong, nil for
	// nothing.
	Begin(ctx context.Context, s Stage) (inside context.Context, end func(*fault.Fault))
}

// unwatched tells nobody.
type unwatched struct{}

func (unwatched) Begin(ctx context.Context, _ Stage) (context.Context, func(*fault.Fault)) {
	return ctx, func(*fault.Fault) {}
}

// Took notes for the delivery that ctx belongs to how long a stage took; one that comes again adds to the first.
func Took(ctx context.Context, s Stage, d time.Duration) {
	if f := factsOf(ctx); f != nil {
		f.stages.add(s, d)
	}
}

// stageTimes are the times of a delivery's stages. Some of them run side by side.
type stageTimes struct {
	mu   sync.Mutex
	all  []stageTime
	room [usualStages]stageTime // so that most deliveries allocate nothing
}

// usualStages is how many stages an action request has that goes well.
const usualStages = 8

type stageTime struct {
	stage Stage
	took  time.Duration
}

func (t *stageTimes) add(s Stage, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.all {
		if t.all[i].stage == s {
			t.all[i].took += d
			return
		}
	}
	if t.all == nil {
		t.all = t.room[:0]
	}
	t.all = append(t.all, stageTime{s, d})
}

// list gives the stages in the order in which they first ended.
func (t *stageTimes) list() []stageTime {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}
