package permission_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"

	"holdfast/internal/permission"
)

// TestP1_… to TestP18_…, but for P16, which is not there yet: the cases of testdata that prove a promise. A case that
// proves several is run for each.

func TestP1_NothingIsGrantedByDefault(t *testing.T)                { prove(t, "P1") }
func TestP2_AppSetsCountInOneAppAndAddUp(t *testing.T)             { prove(t, "P2") }
func TestP3_SiteSetsCountInAllAppsAndAreDeprecated(t *testing.T)   { prove(t, "P3") }
func TestP4_RightsDifferByApp(t *testing.T)                        { prove(t, "P4") }
func TestP5_SetsAreAssignedToUsersGroupsAndThePublic(t *testing.T) { prove(t, "P5") }
func TestP6_AnAppNeedsASet(t *testing.T)                           { prove(t, "P6") }
func TestP7_AccessIsNeverFinerThanTheApp(t *testing.T)             { prove(t, "P7") }
func TestP8_SetsAndAssignmentsChange(t *testing.T)                 { prove(t, "P8") }
func TestP9_ObjectsAndFields(t *testing.T)                         { prove(t, "P9") }
func TestP10_ConditionsAndForcedValues(t *testing.T)               { prove(t, "P10") }
func TestP11_FormulasOfUsersAndSets(t *testing.T)                  { prove(t, "P11") }
func TestP12_HowFieldsAreShown(t *testing.T)                       { prove(t, "P12") }
func TestP13_SystemSetsAndClones(t *testing.T)                     { prove(t, "P13") }
func TestP14_WhatASiteSetSays(t *testing.T)                        { prove(t, "P14") }
func TestP15_WhichSetAUserHasAndWhy(t *testing.T)                  { prove(t, "P15") }
func TestP17_AnyConnectionMayBeAskedFor(t *testing.T)              { prove(t, "P17") }
func TestP18_AppSetsGiveWhatSiteSetsGave(t *testing.T)             { prove(t, "P18") }

var promised = []string{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14", "P15", "P17", "P18"}

// loaded is a file, its world, and what the worker makes of it.
type loaded struct {
	name string
	yamlFile
	w   *world
	now *permission.Snapshot
}

// ran is one case as it is run.
type ran struct {
	Head
	file string
	rule string // that it expects
	run  func(*testing.T)
}

var matrix = sync.OnceValues(func() (all []ran, err error) {
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f := &loaded{name: strings.TrimSuffix(filepath.Base(path), ".yaml")}
		if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f.yamlFile); err != nil {
			return nil, err
		}
		f.w = f.World.world()
		f.now = f.w.snapshot()
		all = append(all, f.cases()...)
	}
	return all, nil
})

func prove(t *testing.T, promise string) {
	all, err := matrix()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range all {
		if slices.Contains(c.Proves, promise) {
			n++
			t.Run(c.file+"/"+c.Case, c.run)
		}
	}
	if n == 0 {
		t.Fatalf("no case proves %s", promise)
	}
}

// TestP1_TheMatrixIsWhole: two hundred cases at least, each named once, none that proves nothing, every promise and
// every rule among them.
func TestP1_TheMatrixIsWhole(t *testing.T) {
	all, err := matrix()
	if err != nil {
		t.Fatal(err)
	}
	names, proven := make(map[string]bool), make(map[string]int)
	for _, c := range all {
		name := c.file + "/" + c.Case
		if names[name] || c.Case == "" || len(c.Proves) == 0 {
			t.Errorf("%s: it is there twice, has no name, or proves nothing", name)
		}
		names[name] = true
		for _, p := range c.Proves {
			proven[p]++
		}
	}
	if len(all) < 200 {
		t.Errorf("there are %d cases", len(all))
	}
	for p := range proven {
		if !slices.Contains(promised, p) {
			t.Errorf("%s is promised nowhere", p)
		}
	}
	t.Logf("%d cases: %v", len(all), proven)
}

// TestP9_EveryRuleDecidesACase, of decisions and of changes; a case that expects another than it gets fails above.
func TestP9_EveryRuleDecidesACase(t *testing.T) {
	all, err := matrix()
	if err != nil {
		t.Fatal(err)
	}
	expected := make(map[string]bool)
	for _, c := range all {
		expected[c.rule] = true
	}
	for _, r := range slices.Concat(permission.Rules(), permission.ChangeRules()) {
		if !expected[string(r)] {
			t.Errorf("no case is decided by %s", r)
		}
	}
}

func (f *loaded) cases() (all []ran) {
	add := func(h Head, rule string, run func(*testing.T)) { all = append(all, ran{h, f.name, rule, run}) }
	for _, c := range f.Decisions {
		add(c.Head, string(c.rule()), func(t *testing.T) { f.decide(t, c) })
	}
	for _, c := range f.Reads {
		add(c.Head, "", func(t *testing.T) { f.read(t, c) })
	}
	for _, c := range f.Writes {
		add(c.Head, string(c.rule()), func(t *testing.T) { f.write(t, c) })
	}
	for _, c := range f.Shown {
		add(c.Head, string(c.rule()), func(t *testing.T) { f.show(t, c) })
	}
	for _, c := range f.People {
		add(c.Head, "", func(t *testing.T) { f.person(t, c) })
	}
	for _, c := range f.Explained {
		add(c.Head, "", func(t *testing.T) { f.explain(t, c) })
	}
	for _, c := range f.Same {
		add(c.Head, "", func(t *testing.T) { f.same(t, c) })
	}
	for _, c := range f.Changes {
		add(c.Head, c.Rule, func(t *testing.T) { f.change(t, c) })
	}
	for _, c := range f.Conflicts {
		add(c.Head, "", func(t *testing.T) { f.conflict(t, c) })
	}
	return all
}
