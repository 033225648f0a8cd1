// Package engines compares the two engines that formulas could have run on, for one condition:
//
//	{{$Model.Region}} = {{$User.region}}
//
//	cd internal/formula/testdata/engines && go test -bench . -benchtime 2s -count 6
package engines

import (
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"

	"holdfast/internal/formula"
)

type fields map[string]any

func (f fields) Field(path string) (formula.Value, bool)     { v, ok := f[path]; return v, ok }
func (f fields) Attribute(name string) (formula.Value, bool) { v, ok := f[name]; return v, ok }
func (f fields) AppPermission(string) (id, assetID, name string, ok bool) {
	return "", "", "", false
}

var (
	record = fields{"Region": "North"}
	user   = fields{"region": "North"}
)

// same is the comparison that both engines call: a blank equals nothing.
func same(a, b any) bool { return a == b && a != nil && a != "" }

// BenchmarkFormula is what Holdfast does now.
func BenchmarkFormula(b *testing.B) {
	p, err := formula.Compile(`{{$Model.Region}} = {{$User.region}}`)
	if err != nil {
		b.Fatal(err)
	}
	in := formula.Input{User: user, Model: record, Now: time.Now()}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := p.True(in); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkExprText is expr as it is used from text: functions of any arguments, one environment for each run.
func BenchmarkExprText(b *testing.B) {
	program, err := expr.Compile(`same(field($env, "Region"), attribute($env, "region"))`, expr.Env(map[string]any{}),
		expr.Function("same", func(p ...any) (any, error) { return same(p[0], p[1]), nil }),
		expr.Function("field", func(p ...any) (any, error) { return p[0].(map[string]any)["model"].(fields)[p[1].(string)], nil }),
		expr.Function("attribute", func(p ...any) (any, error) { return p[0].(map[string]any)["user"].(fields)[p[1].(string)], nil }),
	)
	if err != nil {
		b.Fatal(err)
	}
	env := map[string]any{"model": record, "user": user}
	var machine vm.VM
	b.ReportAllocs()
	for b.Loop() {
		if got, err := machine.Run(program, env); got != true || err != nil {
			b.Fatal(got, err)
		}
	}
}

// activation gives CEL its variables: m_… are the record's fields, u_… the user's attributes.
type activation struct{ record, user fields }

func (a *activation) ResolveName(name string) (any, bool) {
	from := a.record
	if name[0] == 'u' {
		from = a.user
	}
	v, ok := from[name[2:]]
	return v, ok
}

func (a *activation) Parent() interpreter.Activation { return nil }

func celProgram(b *testing.B, text string, options ...cel.ProgramOption) cel.Program {
	b.Helper()
	env, err := cel.NewEnv(cel.Variable("m_Region", cel.DynType), cel.Variable("u_region", cel.DynType),
		cel.Function("same", cel.Overload("same_any", []*cel.Type{cel.DynType, cel.DynType}, cel.BoolType,
			cel.BinaryBinding(func(x, y ref.Val) ref.Val { return types.Bool(same(x.Value(), y.Value())) }))))
	if err != nil {
		b.Fatal(err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		b.Fatal(issues.Err())
	}
	program, err := env.Program(ast, append(options, cel.EvalOptions(cel.OptOptimize))...)
	if err != nil {
		b.Fatal(err)
	}
	return program
}

func runCEL(b *testing.B, program cel.Program) {
	in := &activation{record, user}
	b.ReportAllocs()
	for b.Loop() {
		if got, _, err := program.Eval(in); err != nil || got != types.True {
			b.Fatal(got, err)
		}
	}
}

// BenchmarkCEL compares as a spreadsheet does, with CEL's limit of costs on.
func BenchmarkCEL(b *testing.B) {
	runCEL(b, celProgram(b, `same(m_Region, u_region)`, cel.CostLimit(1000)))
}

// BenchmarkCELWithoutLimit is the same without the limit.
func BenchmarkCELWithoutLimit(b *testing.B) { runCEL(b, celProgram(b, `same(m_Region, u_region)`)) }

// BenchmarkCELItsOwn is CEL's own ==, for which two blanks are equal.
func BenchmarkCELItsOwn(b *testing.B) { runCEL(b, celProgram(b, `m_Region == u_region`)) }

func BenchmarkCompileFormula(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formula.Compile(`{{$Model.Region}} = {{$User.region}}`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompileCEL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		celProgram(b, `same(m_Region, u_region)`, cel.CostLimit(1000))
	}
}
