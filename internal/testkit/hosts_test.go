//go:build gameday

package testkit

import (
	"strings"
	"testing"
)

func TestO5_HostsAreRemovedWithWhatRunsOnThem(t *testing.T) {
	h := StartHosts(t, 2)
	left := h.All[1].Command("sleep", "600")
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	h.Part(h.All[0], h.All[1])
	h.Meet(h.All[0], h.All[1])
	h.Cut(h.All[0])
	h.Join(h.All[0])
	Eventually(t, hostTimeout, "the program to run on its host", func() bool {
		pids, err := ip("netns", "pids", h.All[1].namespace)
		return err == nil && pids != ""
	})
	removeHosts(t)
	if err := left.Wait(); err == nil {
		t.Error("a program outlived its host")
	}
	if list, err := ip("netns", "list"); err != nil || strings.Contains(list, hostPrefix) {
		t.Errorf("left behind: %q, %v", list, err)
	}
}
