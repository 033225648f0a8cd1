package leaktest

import (
	"slices"
	"strings"

	"holdfast/internal/dispatch"
)

// attributes are all that a span may say. A new one is looked at before it is put here: it can hold no text of a
// sender's, a target's, a provider's or Vault's, and no address.
var attributes = []string{
	"messaging.system", "messaging.operation.type", "messaging.destination.name", "messaging.consumer.group.name",
	"holdfast.stream", "holdfast.sequence", "holdfast.deliveries", "holdfast.label", "holdfast.type", "holdfast.reason",
	"holdfast.tenant", "holdfast.request_id", "holdfast.run_id", "holdfast.connection_id",
}

// wholeTraces checks that spans of every stage were searched, so that finding nothing means something, and that they
// say nothing but what they may.
func (w *world) wholeTraces(e evidence) {
	w.Helper()
	seen := make(map[string]bool)
	for _, s := range w.traces.Spans() {
		seen[s.Name] = true
		for key, value := range s.Attributes {
			if !slices.Contains(attributes, key) {
				w.Errorf("span %s says %s, which nobody has looked at", s.Name, key)
			}
			if strings.ContainsAny(value, "?/ {") {
				w.Errorf("span %s: %s is no word but %q", s.Name, key, value)
			}
		}
	}
	for _, stage := range dispatch.AllStages() {
		mayMiss := stage == dispatch.StageExtend || stage == dispatch.StageChain // nobody extends here, no alarm rings
		if !seen[string(stage)] && !mayMiss {
			w.Errorf("no span of stage %s was collected: what it would leak is not seen", stage)
		}
	}
	if !strings.Contains(string(e["log"]), `"slow":true`) || !strings.Contains(string(e["log"]), `"stages_ms":{`) {
		w.Error("no slow request was logged: what its line would leak is not seen")
	}
}
