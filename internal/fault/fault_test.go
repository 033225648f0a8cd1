package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryReasonBelongsToOneClass(t *testing.T) {
	seen := map[fault.Reason]fault.Class{}
	for c := fault.Auth; c <= fault.Unknown; c++ {
		if len(fault.Reasons(c)) == 0 {
			t.Errorf("class %s has no reason", c)
		}
		for _, r := range fault.Reasons(c) {
			if other, twice := seen[r]; twice {
				t.Errorf("%s belongs to %s and %s", r, other, c)
			}
			seen[r] = c
			if r.Class() != c {
				t.Errorf("%s says %s, is listed under %s", r, r.Class(), c)
			}
		}
	}
	if fault.Reason("no_such_reason").Class() != fault.None {
		t.Error("a made-up reason has a class")
	}
}

func TestO4_OnlyAuthenticationAndSettingsSuspend(t *testing.T) {
	for c := fault.None; c <= fault.Unknown; c++ {
		suspends := c == fault.Auth || c == fault.Settings
		if c.Suspends() != suspends {
			t.Errorf("%s suspends: %t", c, c.Suspends())
		}
		if c.Suspends() && c.Retries() {
			t.Errorf("%s both suspends and retries", c)
		}
	}
}

func TestC2_AFaultNeverPrintsItsCause(t *testing.T) {
	const canary = "s3cr3t-canary"
	f := fault.Wrap(fault.ProviderUnavailable, "the provider did not answer", errors.New(canary))
	for _, text := range []string{f.Error(), fmt.Sprintf("%v %+v %s %q", f, f, f, f), fault.From(errors.New(canary)).Error()} {
		if strings.Contains(text, canary) {
			t.Errorf("the cause shows in %q", text)
		}
	}
	if !errors.Is(fault.Wrap(fault.Internal, "", io.EOF), io.EOF) {
		t.Error("the cause can not be found")
	}
}
