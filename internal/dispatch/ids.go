package dispatch

import (
	"strconv"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

// idMembers are the payload members that hold an id, in the order in which they are looked at.
var idMembers = [...]string{"request_id", "run_id", "connection_id", "workflow_id", "step_id", "acting_user",
	"actor", "app_id", "site_id", "site_collection_id"}

// checkIDs refuses ids that could change which subject or key they name, before any of them gets there.
func checkIDs(_ *Router, in *incoming) *fault.Fault {
	payload := in.payload()
	if f := checkMembers(payload, "data"); f != nil {
		return f
	}
	if availability, ok := payload["availability"].(map[string]any); ok {
		if f := checkMembers(availability, "data", "availability"); f != nil {
			return f
		}
	}
	owners, _ := payload["owners"].([]any)
	for i, owner := range owners {
		if f := checkID(owner, "data", "owners", strconv.Itoa(i)); f != nil {
			return f
		}
	}
	return nil
}

func checkMembers(object map[string]any, path ...string) *fault.Fault {
	for _, name := range idMembers {
		if v, ok := object[name]; ok && !safe(v) {
			return badID(append(path, name)...)
		}
	}
	return nil
}

func checkID(v any, path ...string) *fault.Fault {
	if safe(v) {
		return nil
	}
	return badID(path...)
}

// safe lets everything pass that is no string: the schema says what is wrong with that.
func safe(v any) bool {
	id, ok := v.(string)
	return !ok || events.ValidID(id)
}

func badID(path ...string) *fault.Fault {
	return fault.New(fault.BadID, events.ErrBadID.Error()).WithField(secretscan.Pointer(path...))
}
