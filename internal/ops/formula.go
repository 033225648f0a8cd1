package ops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"holdfast/internal/formula"
)

// maxFormulaInput is how long a file with a user or a record may be.
const maxFormulaInput = 1 << 20

// FormulaView is what came of trying a formula.
type FormulaView struct {
	Value any `json:"value"`
	// Kind is bool, number, text, time or blank.
	Kind       string   `json:"kind"`
	Canonical  string   `json:"canonical"`
	Fields     []string `json:"fields"`
	Sets       []string `json:"sets"`
	Attributes []string `json:"attributes"`
	Filter     string   `json:"filter,omitempty"`
	Exact      *bool    `json:"filter_exact,omitempty"`
}

// TryFormula evaluates a formula, and tells what it reads and what of it a data source would be asked.
func TryFormula(text string, in formula.Input) (FormulaView, error) {
	p, err := formula.Compile(text)
	if err != nil {
		return FormulaView{}, problem(Unclear, "holdfast formula functions", "%s", placed(err))
	}
	value, err := p.Eval(in)
	if err != nil {
		return FormulaView{}, errors.New(placed(err))
	}
	v := FormulaView{Value: value, Kind: formula.KindOf(value).String(), Canonical: p.Canonical(),
		Fields: listed(p.Fields()), Sets: listed(p.Sets()), Attributes: listed(p.Attributes())}
	if v.Kind == formula.Blank.String() {
		v.Value = nil
	}
	if p.Condition() == nil && !p.OfUser() {
		if filter, exact, err := p.Push(in.User, in.Now); err == nil {
			v.Filter, v.Exact = filter.String(), &exact
		}
	}
	return v, nil
}

// listed is a list that is [] in JSON where it is empty.
func listed(names []string) []string { return append([]string{}, names...) }

// placed is an error with the line of the formula that it is about.
func placed(err error) string {
	if e, ok := errors.AsType[*formula.Error](err); ok {
		return e.Error() + "\n" + e.Caret()
	}
	return err.Error()
}

// FormulaUser is a user from a file.
type FormulaUser struct {
	Attributes map[string]any `yaml:"attributes"`
	Sets       []HeldSet      `yaml:"sets"`
}

// HeldSet is a permission set that a user holds in the app.
type HeldSet struct {
	ID      string `yaml:"id"`
	AssetID string `yaml:"ntx_asset_id"`
	Name    string `yaml:"name"`
}

// ReadFormulaUser reads YAML with the user's attributes and the sets that the user holds.
func ReadFormulaUser(r io.Reader) (*FormulaUser, error) {
	raw, err := readFormulaInput(r)
	if err != nil {
		return nil, err
	}
	u := new(FormulaUser)
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(u); err != nil && !errors.Is(err, io.EOF) {
		return nil, notUser(err)
	}
	return u, nil
}

func notUser(err error) error {
	text := "the file of the user can not be read"
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		text += fmt.Sprintf(": line %d: %s", e.GetToken().Position.Line, e.GetMessage())
	}
	return problem(Unclear, "docs/formulas.md shows one", "%s", text)
}

// AppPermission finds a held set.
func (u *FormulaUser) AppPermission(ref string) (id, assetID, name string, ok bool) {
	for _, s := range u.Sets {
		if ref == s.ID || ref == s.AssetID {
			return s.ID, s.AssetID, s.Name, true
		}
	}
	return "", "", "", false
}

// Attribute is an attribute as the file has it.
func (u *FormulaUser) Attribute(name string) (formula.Value, bool) {
	v, ok := u.Attributes[name]
	return v, ok
}

// ReadRecord reads a record: one JSON object.
func ReadRecord(r io.Reader) (formula.Record, error) {
	raw, err := readFormulaInput(r)
	if err != nil {
		return nil, err
	}
	record, err := formula.ReadRecord(raw)
	if err != nil {
		return nil, problem(Unclear, "docs/formulas.md shows one", "the record is not one JSON object")
	}
	return record, nil
}

func readFormulaInput(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFormulaInput+1))
	if err != nil {
		return nil, fmt.Errorf("the file can not be read: %w", err)
	}
	if len(raw) > maxFormulaInput {
		return nil, problem(Unclear, "leave out what the formula does not read", "the file is longer than %d bytes", maxFormulaInput)
	}
	return raw, nil
}

// Shown is the value for people.
func (v FormulaView) Shown() string {
	switch value := v.Value.(type) {
	case nil:
		return "(blank)"
	case bool:
		return strings.ToUpper(fmt.Sprint(value))
	case time.Time:
		return value.Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(value)
	}
}
