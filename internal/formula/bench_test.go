package formula_test

import (
	"testing"

	"holdfast/internal/formula"
)

// conditions are what permission sets are made of.
var conditions = map[string]string{
	"Region":   `{{$Model.Region}} = {{$User.region}}`,
	"Set":      `NOT ISBLANK({{$User.appPermissions.s1.id}})`,
	"Joined":   `{{$Model.Region}} = {{$User.region}} AND ({{$Model.Amount}} < {{$User.limit}} OR {{$User.admin}})`,
	"Function": `LOWER({{$Model.Author/Title}}) = "ann"`,
	"Dates":    `DATEDIFF(TODAY(), {{$Model.Due}}) < 7`,
}

// boxed is a record whose values are there already: what a formula costs, without what the record does.
type boxed map[string]formula.Value

func (b boxed) Field(path string) (formula.Value, bool) {
	v, ok := b[path]
	return v, ok
}

// held is a user of whom one set is asked.
type held struct{ person }

func (held) AppPermission(ref string) (id, assetID, name string, ok bool) {
	return ref, "a1", "Sales", true
}

func benchInput() formula.Input {
	return formula.Input{User: held{ann}, Model: boxed(order), Now: noon}
}

func BenchmarkEval(b *testing.B) {
	for name, text := range conditions {
		p, in := compile(b, text), benchInput()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if truth, err := p.True(in); err != nil || !truth {
					b.Fatal(truth, err)
				}
			}
		})
	}
}

func BenchmarkEvalParallel(b *testing.B) {
	p := compile(b, conditions["Region"])
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		in := benchInput()
		for pb.Next() {
			if truth, err := p.True(in); err != nil || !truth {
				b.Error(truth, err)
				return
			}
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		compile(b, conditions["Joined"])
	}
}

func BenchmarkPush(b *testing.B) {
	p, in := compile(b, conditions["Joined"]), benchInput()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.Push(in.User, in.Now); err != nil {
			b.Fatal(err)
		}
	}
}

// TestP10_AConditionIsEvaluatedWithoutAllocating, if neither it nor the record makes something new.
func TestP10_AConditionIsEvaluatedWithoutAllocating(t *testing.T) {
	for _, name := range []string{"Region", "Set", "Joined"} {
		p, in := compile(t, conditions[name]), benchInput()
		if n := testing.AllocsPerRun(1000, func() { _, _ = p.True(in) }); n >= 1 && !raceDetector {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
