package check

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// dashboard is what the tests read of Grafana's model.
type dashboard struct {
	Title  string
	Panels []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	Targets                  []struct{ Expr string }
}

// variables stand for what Grafana fills in.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$job", ".*")

func TestO4_EveryMetricOfTheDashboardExists(t *testing.T) {
	raw, err := os.ReadFile("../../grafana/holdfast.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err = json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	exported, queries := scrape(t), 0
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s has the id of another panel", p.Title)
		}
		ids[p.ID] = true
		p.place(t, taken)
		if p.Type != "row" && (p.Title == "" || p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("panel %q says too little", p.Title)
		}
		for _, q := range p.Targets {
			expr, err := promql.ParseExpr(variables.Replace(q.Expr))
			if err != nil {
				t.Errorf("%s: %v", p.Title, err)
				continue
			}
			queries++
			checkSelectors(t, p.Title, withoutJob(expr), exported)
		}
	}
	if queries < 30 {
		t.Errorf("%d queries", queries)
	}
}

// place notes the cells of the grid that a panel takes.
func (p panel) place(t *testing.T, taken map[[2]int]string) {
	t.Helper()
	for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
		for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
			if other := taken[[2]int{x, y}]; other != "" {
				t.Fatalf("%s lies on %s", p.Title, other)
			}
			taken[[2]int{x, y}] = p.Title
		}
	}
	if p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
		t.Errorf("%s is not on the grid", p.Title)
	}
}

// withoutJob leaves the label out that Prometheus adds when it scrapes.
func withoutJob(expr parser.Expr) parser.Expr {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			var kept []*labels.Matcher
			for _, m := range s.LabelMatchers {
				if m.Name != "job" {
					kept = append(kept, m)
				}
			}
			s.LabelMatchers = kept
		}
		return nil
	})
	return expr
}
