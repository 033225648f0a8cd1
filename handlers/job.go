package handlers

import (
	"cmp"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// job is one request on its way to an end.
type job struct {
	dispatch.Meta

	req events.Request
	// at is where the request itself was on the bus; the message at hand may be its chain's resumed event.
	at events.Origin
	// ledger is the last record of the request's ledger, and chained whether it has a chain.
	ledger  events.Record
	chained bool
	// chain is the sequence that a new suspension must follow: 0, or that of the resumed event at hand.
	chain uint64
	// cause is why the run was resumed; empty for a new request.
	cause events.Cause
	// asked is when somebody asked for that; zero when nobody did.
	asked time.Time
	// claimed: no other request of this worker tries the connection's credentials until release.
	claimed bool
	release func()
	// began is when this worker took the message up, by its own clock.
	began time.Time
	// publisher is whose right to the connection counts, where a process's step is executed as one; else empty.
	publisher string
	// refused is what forbids the step of a process, or is to wait for; nil when nothing does.
	refused *fault.Fault
	// rule is the one that let the job use its connection, and account whom that signs in as.
	rule, account string
	// now is what was known of permissions when the job was last judged.
	now *permission.Snapshot
	// granted is what permission sets say of the action; nil where it names no app.
	granted *granted
	// triedBefore: an earlier delivery of the message may have changed something outside; sent: this one may have.
	triedBefore, sent bool
}

// slow tells whether the job has taken so long that the bus may have given its message to another worker,
// although this one lives: a worker says so every few seconds, unless it was stopped itself.
func (j *job) slow() bool { return time.Since(j.began) > slowJob }

const slowJob = time.Second

// origin names the message at hand.
func (j *job) origin() events.Origin {
	return events.Origin{Stream: j.Stream, Sequence: j.Sequence}
}

// connectionKey names the job's connection in maps.
func (j *job) connectionKey() string { return j.Tenant + "/" + j.req.Connection }

// resumed tells whether the job comes from a chain.
func (j *job) resumed() bool { return j.chain != 0 }

// forced tells whether somebody asked to try although the credentials are known not to work, and nobody has
// tried since: of ten thousand runs resumed at once, one finds out for all.
func (j *job) forced(b *connection.Broken) bool {
	return j.cause == events.CauseOperator && j.asked.After(b.Failed)
}

// atMostOnce tells whether the effect may never be repeated.
func (j *job) atMostOnce() bool { return j.req.Delivery == events.AtMostOnce }

// outcome is the payload of a ledger event about the job; fault and fence may be zero.
func (j *job) outcome(f *fault.Fault, fence connection.Fence) events.Outcome {
	o := events.Outcome{
		Tenant: j.Tenant, Request: j.req.ID, Workflow: j.req.Workflow, Run: j.req.Run, Step: j.req.Step,
		Connection: j.req.Connection, ActingUser: cmp.Or(j.req.ActingUser, events.ActorSystem),
		Generation: fence.Generation, SecretVersion: fence.SecretVersion,
		Origin: j.origin(), Chained: j.chained, IdempotencyKey: j.req.ID,
		Rule: j.rule, Account: j.account, App: j.req.App, Process: j.req.Process, ProcessVersion: j.req.ProcessVersion,
		ReplayOf: j.req.ReplayOf, ReplayReason: j.req.ReplayReason, ReplayedBy: j.req.ReplayedBy,
	}
	o.Sets, o.Deprecated = j.granted.uses()
	if f != nil {
		o.Reason, o.Detail, o.Field = string(f.Reason), f.Detail, f.Field
	}
	return o
}

// recall takes over from the ledger as whom and by which rule the job ran before, where nobody looks again.
func (j *job) recall(mark events.Outcome) {
	j.rule, j.account = mark.Rule, mark.Account
	j.granted = &granted{sets: mark.Sets, old: mark.Deprecated}
}
