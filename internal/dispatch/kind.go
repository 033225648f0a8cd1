package dispatch

import (
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/fault"
)

// checkType lets pass what may come, and tells another version of a known type apart.
func checkType(r *Router, in *incoming) *fault.Fault {
	known := r.known
	if slices.Contains(known, in.kind) {
		return nil
	}
	for _, t := range known {
		if family, version := cutVersion(t); isVersionOf(in.kind, family) {
			detail := "this version is not known here, " + version + " is"
			return fault.New(fault.SchemaVersion, detail).WithField("/type")
		}
	}
	return fault.New(fault.UnknownType, "no type that a worker handles").WithField("/type")
}

// cutVersion splits holdfast.action.requested.v1 into holdfast.action.requested and v1.
func cutVersion(t events.Type) (family, version string) {
	dot := strings.LastIndexByte(string(t), '.')
	return string(t[:dot]), string(t[dot+1:])
}

func isVersionOf(t events.Type, family string) bool {
	version, ok := strings.CutPrefix(string(t), family+".v")
	return ok && version != "" && strings.Trim(version, "0123456789") == ""
}
