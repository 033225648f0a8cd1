package ops_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/internal/formula"
	"holdfast/internal/ops"
)

const formulasPage = "../../docs/formulas.md"

// page is docs/formulas.md, with the user and the record that it shows.
type page struct {
	text string
	in   formula.Input
}

func readPage(t *testing.T) page {
	t.Helper()
	raw, err := os.ReadFile(formulasPage)
	if err != nil {
		t.Fatal(err)
	}
	p := page{text: string(raw)}
	user, err := ops.ReadFormulaUser(strings.NewReader(p.blocks(t, "yaml")[0]))
	if err != nil {
		t.Fatal(err)
	}
	record, err := ops.ReadRecord(strings.NewReader(p.blocks(t, "json")[0]))
	if err != nil {
		t.Fatal(err)
	}
	p.in = formula.Input{User: user, Model: record, Now: time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)}
	return p
}

// blocks are the fenced blocks of a language.
func (p page) blocks(t *testing.T, language string) (all []string) {
	t.Helper()
	for i, part := range strings.Split(p.text, "```"+language+"\n") {
		if i > 0 {
			block, _, _ := strings.Cut(part, "```")
			all = append(all, block)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no block of %s", formulasPage, language)
	}
	return all
}

// literal is a value as the page writes it.
func literal(v formula.Value) string {
	if text, ok := v.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	return ops.FormulaView{Value: v}.Shown()
}

// TestP11_EveryExampleOfThePageGivesWhatItSays.
func TestP11_EveryExampleOfThePageGivesWhatItSays(t *testing.T) {
	p := readPage(t)
	for _, block := range p.blocks(t, "formula") {
		for line := range strings.Lines(block) {
			text, want, ok := strings.Cut(strings.TrimSpace(line), " → ")
			v, err := ops.TryFormula(text, p.in)
			if got := literal(v.Value); !ok || err != nil || got != want {
				t.Errorf("%s gives %s, %v", line, got, err)
			}
		}
	}
}

// TestP11_EveryMistakeOfThePageIsToldAsItSays, with the caret.
func TestP11_EveryMistakeOfThePageIsToldAsItSays(t *testing.T) {
	p := readPage(t)
	for _, block := range p.blocks(t, "formula-error") {
		text, _, _ := strings.Cut(block, "\n")
		_, err := ops.TryFormula(text, p.in)
		if err == nil {
			t.Errorf("%s is no mistake", text)
			continue
		}
		message, caret, _ := strings.Cut(err.Error(), "\n")
		if told := caret + "\n" + message + "\n"; told != block {
			t.Errorf("the page says\n%s\nand it is\n%s", block, told)
		}
	}
}

// TestP11_ThePageTellsEveryFunction, with an example and what that gives.
func TestP11_ThePageTellsEveryFunction(t *testing.T) {
	p := readPage(t)
	var table strings.Builder
	table.WriteString("| function | gives | example | |\n| --- | --- | --- | --- |\n")
	for _, f := range formula.Functions() {
		v, err := ops.TryFormula(f.Example, p.in)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		fmt.Fprintf(&table, "| `%s` | %s | `%s` | `%s` |\n", f.Usage, f.Does, f.Example, literal(v.Value))
	}
	before, rest, _ := strings.Cut(p.text, "<!-- functions -->\n")
	listed, after, ok := strings.Cut(rest, "<!-- /functions -->")
	if !ok {
		t.Fatalf("the marks are gone from %s", formulasPage)
	}
	if listed == table.String() {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s is out of date: UPDATE_DOCS=1 go test ./internal/ops -run P11", formulasPage)
	}
	text := before + "<!-- functions -->\n" + table.String() + "<!-- /functions -->" + after
	if err := os.WriteFile(formulasPage, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestP10_ThePageTellsWhatASourceIsAsked.
func TestP10_ThePageTellsWhatASourceIsAsked(t *testing.T) {
	p := readPage(t)
	_, section, _ := strings.Cut(p.text, "| | the source is asked |\n")
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "`")
		if len(cells) < 3 {
			continue
		}
		rows++
		v, err := ops.TryFormula(cells[1], p.in)
		asked, exact := cells[2], v.Exact != nil && *v.Exact
		if nothing := strings.Contains(asked, "nothing"); err != nil || nothing && (v.Filter != "true" || exact) {
			t.Errorf("%s: %q, %v, %v", line, v.Filter, exact, err)
		} else if !nothing && v.Filter != cells[3] {
			t.Errorf("%s: %q", line, v.Filter)
		}
	}
	if rows < 5 {
		t.Errorf("only %d rows were found", rows)
	}
}
