package ops

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"holdfast/events"
)

// Uses is the index of which steps use which connection.
type Uses interface {
	// Each gives the uses of a connection, in no order.
	Each(ctx context.Context, tenant, connection string) iter.Seq2[events.Use, error]
}

// Uses gives the index of uses.
func (s *Session) Uses() Uses { return s.bus.Uses() }

// StepUse is how one step used a connection last.
type StepUse struct {
	Workflow       string    `json:"workflow_id"`
	Step           string    `json:"step_id"`
	Process        string    `json:"process_id,omitempty"`
	ProcessVersion string    `json:"process_version,omitempty"`
	LastUsed       time.Time `json:"last_used_at"`
	Outcome        string    `json:"outcome"`
}

// UsageView is where a connection is used.
type UsageView struct {
	Tenant string `json:"tenant"`
	ID     string `json:"connection_id"`
	State  string `json:"state"` // as in ConnectionView; unknown where nobody has created it
	// LastUsed is the latest of Steps; nil where no use is known.
	LastUsed  *time.Time       `json:"last_used_at,omitempty"`
	Steps     []StepUse        `json:"steps"`     // those used last at the top
	Suspended []SuspensionView `json:"suspended"` // those that end first at the top
}

// StateUnknown is a connection that the registry knows nothing of.
const StateUnknown = "unknown"

// ShowUsage tells which steps were seen using a connection, and which runs wait for it.
func ShowUsage(ctx context.Context, all Connections, uses Uses, chains Chains, secrets Secrets, tenant, id string, now time.Time) (UsageView, error) {
	w := Selection{Tenant: tenant, Connection: id}
	if err := w.check(); err != nil {
		return UsageView{}, err
	}
	v := UsageView{Tenant: tenant, ID: id, State: StateUnknown, Steps: []StepUse{}, Suspended: []SuspensionView{}}
	e, _, err := all.Fresh(ctx, tenant, id)
	if err != nil {
		return v, err
	}
	if e != nil {
		v.State = viewConnection(e, secrets, now).State
	}
	if err := v.addSteps(uses.Each(ctx, tenant, id)); err != nil {
		return v, err
	}
	waiting, err := ListSuspensions(ctx, chains, secrets, w)
	if err != nil {
		return v, err
	}
	v.Suspended = append(v.Suspended, waiting...)
	if e == nil && len(v.Steps)+len(v.Suspended) == 0 {
		return v, problem(NotFound, "holdfast connections list --tenant "+tenant, "tenant %s has no connection %s", tenant, id)
	}
	return v, nil
}

func (v *UsageView) addSteps(all iter.Seq2[events.Use, error]) error {
	for u, err := range all {
		if err != nil {
			return err
		}
		v.Steps = append(v.Steps, StepUse{Workflow: u.Workflow, Step: u.Step, Process: u.Process, ProcessVersion: u.ProcessVersion,
			LastUsed: u.LastUsed, Outcome: u.Outcome})
	}
	slices.SortFunc(v.Steps, func(a, b StepUse) int {
		return cmp.Or(b.LastUsed.Compare(a.LastUsed), cmp.Compare(a.Workflow, b.Workflow), cmp.Compare(a.Step, b.Step))
	})
	if len(v.Steps) > 0 {
		v.LastUsed = &v.Steps[0].LastUsed
	}
	return nil
}
