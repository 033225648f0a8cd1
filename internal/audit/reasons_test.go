package audit

import (
	"testing"

	"holdfast/internal/fault"
)

// The audit's reasons and the workers' classes say the same.
func TestO5_TheAuditAndTheWorkersAgreeOnWhatSuspends(t *testing.T) {
	if fault.Reasons(fault.Unknown+1) != nil {
		t.Error("there is a class after the last one that is looked at")
	}
	suspending := 0
	for class := fault.None; class <= fault.Unknown; class++ {
		for _, r := range fault.Reasons(class) {
			if maySuspend[r] != class.Suspends() {
				t.Errorf("%s, of class %s: workers suspend for it: %t, the audit takes that: %t", r, class, class.Suspends(), maySuspend[r])
			}
			if class.Suspends() {
				suspending++
			}
		}
	}
	if suspending != len(maySuspend) {
		t.Errorf("the audit knows %d reasons, workers %d", len(maySuspend), suspending)
	}
}
