package handlers

import (
	"holdfast/events"
)

// used notes that a job used its connection. A request that a rule forbade or that was skipped used
// nothing, and one that was
// terminated was noted when it was suspended.
func (h *Handlers) used(j *job, t events.Type) {
	if h.Usage == nil || t == events.ActionDenied || t == events.ActionSkipped || t == events.ActionTerminated || j.req.Connection == "" {
		return
	}
	h.Usage.Used(events.Use{
		Tenant: j.Tenant, Connection: j.req.Connection, Workflow: j.req.Workflow, Step: j.req.Step,
		Process: j.req.Process, ProcessVersion: j.req.ProcessVersion, LastUsed: h.Clock.Now(), Outcome: t.What(),
	})
}
