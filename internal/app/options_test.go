package app_test

import (
	"testing"

	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// Tests that say nothing of ages run against the streams that a configuration that says nothing makes.
func TestO5_AgesThatNobodyGivesAreTheConfigurations(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	testkit.SetUpBus(t, b)
	r, err := b.Setup(t.Context(), app.SetupConfig(config.Default()))
	if err != nil || len(r.Changed)+len(r.Created) != 0 || len(r.Unchanged) == 0 {
		t.Errorf("created %v, changed %v, %v", r.Created, r.Changed, err)
	}
	if r, err = b.Setup(t.Context(), bus.SetupConfig{}); err != nil || len(r.Changed) != 0 {
		t.Errorf("back again: changed %v, %v", r.Changed, err)
	}
}
