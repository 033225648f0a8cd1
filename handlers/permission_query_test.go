package handlers

import (
	"fmt"
	"testing"

	"holdfast/internal/fault"
)

func TestP11_WhoAsksUnderManyNamesTakesNoMoreMemory(t *testing.T) {
	h := New(Ports{}, Options{QuestionsPerSecond: 1})
	for i := range askingKept + 10 {
		if f := h.MayAsk(fmt.Sprintf("tenant-%d", i)); f != nil {
			t.Fatalf("the first question of tenant %d: %v", i, f)
		}
	}
	if n := h.asking.Len(); n != askingKept {
		t.Errorf("%d tenants are kept, want %d", n, askingKept)
	}
	last := fmt.Sprintf("tenant-%d", askingKept+9)
	if f := h.MayAsk(last); f == nil || f.Reason != fault.Throttled {
		t.Errorf("the second question at once: %v", f)
	}
}
