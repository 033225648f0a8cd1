package dispatch

import (
	"holdfast/events"
	"holdfast/internal/fault"
)

// checkSubject takes the tenant from the subject, which the bus's permissions guard, and holds the type
// against the rest of it.
func checkSubject(_ *Router, in *incoming) *fault.Fault {
	in.tenant = events.TenantOf(in.Subject)
	if in.tenant == "" {
		return fault.New(fault.BadID, "the subject's tenant is no safe id: "+events.ErrBadID.Error())
	}
	if in.Subject != events.SubjectOf(in.tenant, in.kind) {
		detail := "the type does not belong on this subject"
		return fault.New(fault.SubjectMismatch, detail).WithField("/type").
			WithHint("publish it on " + events.SubjectOf(in.tenant, in.kind))
	}
	return nil
}

// checkTenant refuses a payload that names another tenant than its subject. Not naming one is fine.
func checkTenant(_ *Router, in *incoming) *fault.Fault {
	named, ok := in.payload()["tenant"].(string)
	if ok && named != in.tenant {
		return fault.New(fault.TenantMismatch, "the payload names another tenant than its subject").
			WithField("/data/tenant")
	}
	return nil
}
