// Package process is the rules of published processes: what may be published, what stays as it is, and what
// a request becomes that runs one of their steps. Pure rules, no network.
package process

import (
	"fmt"
	"reflect"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// The rules by name, as outcomes and notices carry them beside the reason.
const (
	// RuleExecuteAs lets a step run with the connection that its process names.
	RuleExecuteAs = "execute_as"

	RuleFormStep   = "form_step"         // a form step can not be executed with a connection
	RuleStepTwice  = "step_twice"        // two steps of one version have the same id
	RuleImmutable  = "version_immutable" // a version is published once
	RuleMissing    = "process_missing"   // nobody published this version
	RuleRetired    = "process_retired"   // the run began after its version was retired
	RuleStep       = "process_step"      // the version has no such step
	RuleApp        = "process_app"       // the process belongs to another app
	RuleConnection = "step_connection"   // the request names another connection than the step, or there is none
	RuleAction     = "step_action"       // the request asks for another action than the step's
	RuleThere      = "connection_exists" // the connection is missing or was deleted
)

// Version is one published version of a process. Its content never changes.
type Version struct {
	events.Process

	// Published is the HF_PERMISSIONS sequence of its process.published.
	Published uint64 `json:"published"`
	// RetiredAt is since when no run may begin with it, by the bus's clock; zero while runs may.
	RetiredAt time.Time `json:"retired_at,omitzero"`
}

// Retirement is the end of all versions of a process that were published before it; the zero Retirement
// ends none. A later one takes its place.
type Retirement struct {
	At time.Time `json:"retired_at,omitzero"` // by the bus's clock
	// Sequence is that of process.retired in HF_PERMISSIONS: what was published later is not retired.
	Sequence uint64 `json:"retired,omitempty"`
}

// VersionID is the id of the fact that holds a Version, and a process's own id that of the one that holds
// its last Retirement.
func VersionID(process, version string) string { return process + "." + version }

// Retire is the version as a retirement leaves it. The earlier of two counts.
func (v Version) Retire(r Retirement) Version {
	if r.Sequence > v.Published && (v.RetiredAt.IsZero() || r.At.Before(v.RetiredAt)) {
		v.RetiredAt = r.At
	}
	return v
}

// Takes tells whether a run that began at t may run with the version.
func (v Version) Takes(t time.Time) bool { return v.RetiredAt.IsZero() || t.Before(v.RetiredAt) }

// Same tells whether a version was published with this content.
func (v Version) Same(p events.Process) bool {
	p.Tenant = v.Tenant
	return reflect.DeepEqual(v.Process, p)
}

// Check tells what forbids a version beyond its schema, whoever publishes it; nil when nothing does.
func Check(p events.Process) *fault.Fault {
	seen := make(map[string]bool, len(p.Steps))
	for i, s := range p.Steps {
		switch {
		case seen[s.ID]:
			return fault.New(fault.SchemaViolation, "another step of the version has this id").
				WithField(StepField(i, "step_id")).WithRule(RuleStepTwice)
		case s.Kind == events.FormStep && s.ExecuteAs != "":
			return fault.New(fault.FormStep, "a form step can not be executed with a connection").
				WithField(StepField(i, "execute_as")).WithRule(RuleFormStep)
		}
		seen[s.ID] = true
	}
	return nil
}

// StepField is the JSON pointer of a member of a step in process.published.
func StepField(i int, member string) string { return fmt.Sprintf("/data/steps/%d/%s", i, member) }
