// Package check tests the alert rules and the dashboard with Prometheus' own library, against what a worker exports.
package check

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const (
	repository = "../../.."
	rulesFile  = "../holdfast.rules.yml"
)

var promql = parser.NewParser(parser.Options{})

// alerts are the rules as Prometheus loads them.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(rulesFile, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		t.FailNow()
	}
	var all []rulefmt.Rule
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 15 {
		t.Fatalf("%d rules", len(all))
	}
	return all
}

func TestO4_PrometheusLoadsTheRules(t *testing.T) {
	for _, r := range alerts(t) {
		if r.Alert == "" || r.Labels["severity"] != "page" && r.Labels["severity"] != "ticket" {
			t.Errorf("%q has no name, or a severity that nobody routes: %v", r.Alert, r.Labels)
		}
		for _, what := range []string{"summary", "description"} {
			if r.Annotations[what] == "" {
				t.Errorf("%s has no %s", r.Alert, what)
			}
		}
	}
}

// Every alert leads to a page, and every page belongs to an alert.
func TestO4_EveryAlertHasItsRunbook(t *testing.T) {
	pages := map[string]bool{}
	found, err := filepath.Glob(filepath.Join(repository, "docs", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range found {
		pages[filepath.Base(page)] = true
	}
	for _, r := range alerts(t) {
		if want := "docs/runbooks/" + r.Alert + ".md"; r.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		text, err := os.ReadFile(filepath.Join(repository, r.Annotations["runbook_url"]))
		if err != nil {
			t.Errorf("%s: %v", r.Alert, err)
			continue
		}
		delete(pages, r.Alert+".md")
		for _, section := range []string{"# " + r.Alert + "\n", "\n## What it means\n", "\n## What to do\n", "\n## Why these figures\n"} {
			if !strings.Contains(string(text), section) {
				t.Errorf("%s has no %q", r.Annotations["runbook_url"], strings.TrimSpace(section))
			}
		}
	}
	for page := range pages {
		t.Errorf("%s belongs to no alert", page)
	}
}

// A selector that matches nothing of a worker that has just begun is one that can never match: all series are there
// from the start.
func TestO4_EveryMetricOfTheRulesExists(t *testing.T) {
	exported := scrape(t)
	for _, r := range alerts(t) {
		expr, err := promql.ParseExpr(r.Expr)
		if err != nil {
			t.Errorf("%s: %v", r.Alert, err)
			continue
		}
		checkSelectors(t, r.Alert, expr, exported)
	}
}

// checkSelectors checks that each selector of an expression matches something that is exported.
func checkSelectors(t *testing.T, where string, expr parser.Expr, exported []labels.Labels) {
	t.Helper()
	used := 0
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		used++
		for _, series := range exported {
			if matches(series, s.LabelMatchers) {
				return nil
			}
		}
		t.Errorf("%s: %s matches nothing that a worker exports", where, s)
		return nil
	})
	if used == 0 {
		t.Errorf("%s uses no metric", where)
	}
}

func matches(series labels.Labels, all []*labels.Matcher) bool {
	for _, m := range all {
		if !m.Matches(series.Get(m.Name)) {
			return false
		}
	}
	return true
}
