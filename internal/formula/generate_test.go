package formula_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// References by the kind of what is mostly there; "x" may be anything.
var (
	fieldsOf = map[string][]string{"text": {"T1", "T2"}, "number": {"N1", "N2"}, "bool": {"B1"}, "time": {"D1", "D2"}, "any": {"X1"}}
	usersOf  = map[string][]string{"text": {"t", "s"}, "number": {"n"}, "bool": {"b"}, "time": {"d"}, "any": {"x"}}
	setRefs  = []string{"s1", "a1", "s2"}
	kinds    = []string{"text", "number", "bool", "time"}
)

func pick[T any](t *rapid.T, from ...T) T { return rapid.SampledFrom(from).Draw(t, "pick") }
func chance(t *rapid.T, percent int) bool { return rapid.IntRange(0, 99).Draw(t, "chance") < percent }

// valueOf is a value of a kind, as decoded JSON has it.
func valueOf(t *rapid.T, kind string) any {
	switch kind {
	case "text":
		return pick(t, "North", "north", "South", "a", "No", "ä", "日本", "5", "2026-03-15", "days", "months", "")
	case "number":
		return pick[any](t, int64(0), int64(1), int64(2), int64(-3), int64(100), 0.1, 0.2, 2.5, -1.75, int64(1)<<62, json.Number("3"), json.Number("0.3"), 7.0)
	case "bool":
		return rapid.Bool().Draw(t, "bool")
	case "time":
		return pick[any](t, "2026-03-15", "2026-03-15T12:00:00Z", "2024-02-29T23:30:00+01:00", "2020-01-31", "1999-12-31T23:59:59Z",
			time.Date(2026, 3, 1, 6, 0, 0, 0, time.FixedZone("", 3600)))
	}
	return pick[any](t, json.Number("12345678901234567890"), json.Number("12345678901234567891"), []any{"a"}, json.Number("0.12345678901234567891"), nil, "x", int64(1))
}

// mostly is a value of a kind; sometimes it is missing, and sometimes of another kind.
func mostly(t *rapid.T, kind string) (v any, ok bool) {
	switch rapid.IntRange(0, 19).Draw(t, "mostly") {
	case 0:
		return nil, true
	case 1:
		return nil, false
	case 2:
		return valueOf(t, pick(t, "text", "number", "bool", "time", "any")), true
	}
	return valueOf(t, kind), true
}

func someRecord(t *rapid.T) record {
	r := record{}
	for _, kind := range append(kinds, "any") {
		for _, name := range fieldsOf[kind] {
			if v, ok := mostly(t, kind); ok {
				r[name] = v
			}
		}
	}
	return r
}

func someUser(t *rapid.T) person {
	p := person{sets: map[string][3]string{}, attributes: map[string]any{}}
	for _, kind := range append(kinds, "any") {
		for _, name := range usersOf[kind] {
			if v, ok := mostly(t, kind); ok {
				p.attributes[name] = v
			}
		}
	}
	if rapid.Bool().Draw(t, "held") {
		p.sets["s1"] = [3]string{"s1", "a1", "Sales"}
	}
	return p
}

func someWorld(t *rapid.T) world {
	return world{someUser(t), someRecord(t), time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)}
}

func lit(v any) *term                        { return &term{op: "literal", lit: v} }
func ref(name string) *term                  { return &term{op: "reference", ref: name} }
func call(op string, args ...*term) *term    { return &term{op: op, args: args} }
func fieldRef(t *rapid.T, kind string) *term { return ref("$Model." + pick(t, fieldsOf[kind]...)) }

// userRef is something of the user's.
func userRef(t *rapid.T, kind string) *term {
	if kind == "text" && chance(t, 30) {
		return ref("$User.appPermissions." + pick(t, setRefs...) + "." + pick(t, "id", "ntx_asset_id", "name"))
	}
	return ref("$User." + pick(t, usersOf[kind]...))
}

// generator makes terms; with userOnly they read nothing of a record.
type generator struct {
	t        *rapid.T
	userOnly bool
}

// leaf is a reference or a literal of a kind; the references may turn out to be of another.
func (g generator) leaf(kind string) *term {
	switch n := rapid.IntRange(0, 9).Draw(g.t, "leaf"); {
	case n < 4 && !g.userOnly:
		return fieldRef(g.t, pick(g.t, kind, kind, kind, kind, "any"))
	case n < 7:
		return userRef(g.t, kind)
	}
	switch kind {
	case "text":
		return lit(pick(g.t, "North", "or", "n", "ä", `a"b`))
	case "number":
		return lit(pick[any](g.t, int64(0), int64(1), int64(2), int64(3), int64(-2), 0.1, 0.2, 0.3, 2.5, -0.5, int64(9007199254740993), int64(9223372036854775807)))
	case "bool":
		return lit(rapid.Bool().Draw(g.t, "literal"))
	}
	return call(pick(g.t, "NOW", "TODAY"))
}

// term makes a term that is, or may be, of a kind.
func (g generator) term(kind string, depth int) *term {
	if depth == 0 || chance(g.t, 20) {
		return g.leaf(kind)
	}
	depth--
	if chance(g.t, 8) {
		all := []*term{g.term("bool", depth), g.term(kind, depth), g.term(kind, depth)}
		return call("IF", all[:pick(g.t, 2, 3, 3)]...)
	}
	switch kind {
	case "bool":
		return g.condition(depth)
	case "text":
		return g.text(depth)
	case "number":
		return g.number(depth)
	}
	return g.time(depth)
}

func (g generator) condition(depth int) *term {
	b := func() *term { return g.term("bool", depth) }
	switch rapid.IntRange(0, 9).Draw(g.t, "condition") {
	case 0, 1:
		return call("AND", g.several(b)...)
	case 2, 3:
		return call("OR", g.several(b)...)
	case 4:
		return call("NOT", b())
	case 5:
		return call("ISBLANK", g.term(pick(g.t, kinds...), depth))
	case 6:
		return call(pick(g.t, "CONTAINS", "STARTSWITH", "ENDSWITH"), g.term("text", depth), g.term("text", depth))
	case 7:
		return call("ISNUMBER", g.term(pick(g.t, kinds...), depth))
	}
	kind := pick(g.t, "text", "number", "number", "time", "bool")
	signs := []string{"=", "<>", "<", "<=", ">", ">="}
	if kind == "bool" {
		signs = signs[:2]
	}
	return call(pick(g.t, signs...), g.term(kind, depth), g.term(kind, depth))
}

func (g generator) several(make func() *term) (all []*term) {
	for range rapid.IntRange(1, 3).Draw(g.t, "several") {
		all = append(all, make())
	}
	return all
}

func (g generator) text(depth int) *term {
	x := func() *term { return g.term("text", depth) }
	n := func() *term { return g.term("number", depth) }
	switch rapid.IntRange(0, 8).Draw(g.t, "text") {
	case 0, 1:
		return call("&", g.several(func() *term { return g.term(pick(g.t, kinds...), depth) })...)
	case 2:
		return call("LEFT", x(), n())
	case 3:
		return call("RIGHT", x())
	case 4:
		return call("MID", x(), n(), n())
	case 5:
		return call("TEXT", g.term(pick(g.t, kinds...), depth))
	}
	return call(pick(g.t, "LOWER", "UPPER", "TRIM"), x())
}

func (g generator) number(depth int) *term {
	n := func() *term { return g.term("number", depth) }
	switch rapid.IntRange(0, 11).Draw(g.t, "number") {
	case 0:
		return call("LEN", g.term("text", depth))
	case 1:
		return call("VALUE", g.term("text", depth))
	case 2:
		return call(pick(g.t, "ABS", "FLOOR", "CEILING", "negative", "ROUND"), n())
	case 3:
		return call(pick(g.t, "MOD", "ROUND"), n(), n())
	case 4:
		return call(pick(g.t, "MIN", "MAX"), g.several(n)...)
	case 5:
		return call(pick(g.t, "YEAR", "MONTH", "DAY"), g.term("time", depth))
	case 6:
		return call("DATEDIFF", g.term("time", depth), g.term("time", depth), g.unit())
	case 7:
		return call("-", g.term("time", depth), g.term("time", depth))
	}
	return call(pick(g.t, "+", "-", "*", "/", "^"), n(), n())
}

func (g generator) unit() *term {
	if chance(g.t, 10) {
		return userRef(g.t, "text")
	}
	return lit(pick(g.t, "days", "hours", "minutes", "seconds", "months", "years"))
}

func (g generator) time(depth int) *term {
	switch rapid.IntRange(0, 4).Draw(g.t, "time") {
	case 0:
		return call("DATE", g.term("number", depth), g.term("number", depth), g.term("number", depth))
	case 1:
		return call("DATEVALUE", g.term("time", depth))
	case 2:
		return call(pick(g.t, "MIN", "MAX"), g.several(func() *term { return g.term("time", depth) })...)
	}
	return call(pick(g.t, "+", "-"), g.term("time", depth), g.term("number", depth))
}

// precedence is how tight a term binds, as docs/formulas.md tells: OR, AND, NOT, comparisons, &, + -, * /, ^, a
// sign, and what stands alone.
func precedence(t *term, infix bool) int {
	switch t.op {
	case "OR", "AND", "NOT":
		if !infix {
			return 9
		}
		return slices.Index([]string{"OR", "AND", "NOT"}, t.op)
	case "=", "<>", "<", "<=", ">", ">=":
		return 3
	case "&":
		if len(t.args) == 1 || !infix {
			return 9
		}
		return 4
	case "+", "-":
		return 5
	case "*", "/":
		return 6
	case "^":
		return 7
	case "negative":
		return 8
	}
	return 9
}

// style writes a term as text: with the spelling, the white space and the needless parentheses that it draws.
type style struct{ t *rapid.T }

func (s style) space() string { return pick(s.t, "", "", " ", "\n", "\t ") }

func (s style) spell(name string) string {
	if chance(s.t, 30) {
		return strings.ToLower(name)
	}
	return name
}

// write is a term in a place that wants it to bind so tight.
func (s style) write(t *term, level int) string {
	infix := chance(s.t, 60) && len(t.args) != 1 || t.op == "NOT" && chance(s.t, 50)
	text := s.bare(t, infix)
	if precedence(t, infix) < level || chance(s.t, 10) {
		text = "(" + s.space() + text + s.space() + ")"
	}
	return text
}

func (s style) bare(t *term, infix bool) string {
	switch p := precedence(t, infix); {
	case t.op == "literal":
		return s.literal(t.lit)
	case t.op == "reference":
		return "{{" + pick(s.t, "", " ") + t.ref + pick(s.t, "", " ") + "}}"
	case t.op == "negative":
		return "-" + s.space() + s.write(t.args[0], 8)
	case t.op == "NOT" && infix:
		if operand := s.write(t.args[0], 2); !strings.HasPrefix(operand, "(") {
			return s.spell("NOT") + " " + operand
		}
		return s.function("NOT", t.args)
	case (t.op == "AND" || t.op == "OR") && infix:
		return s.joined(t.args, " "+s.spell(t.op)+" ", p+1)
	case t.op == "&" && infix && len(t.args) > 1:
		return s.joined(t.args, s.space()+"&"+s.space(), p+1)
	case t.op == "&":
		return s.function("CONCATENATE", t.args)
	case p == 3:
		return s.write(t.args[0], 4) + s.space() + s.sign(t.op) + s.space() + s.write(t.args[1], 4)
	case p < 9:
		return s.write(t.args[0], p) + s.space() + t.op + s.space() + s.write(t.args[1], p+1)
	}
	return s.function(t.op, t.args)
}

func (s style) sign(op string) string {
	switch op {
	case "=":
		return pick(s.t, "=", "==")
	case "<>":
		return pick(s.t, "<>", "!=")
	}
	return op
}

func (s style) joined(args []*term, by string, level int) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = s.write(a, level)
	}
	return strings.Join(texts, by)
}

func (s style) function(name string, args []*term) string {
	return s.spell(name) + s.space() + "(" + s.joined(args, s.space()+","+s.space(), 0) + ")"
}

func (s style) literal(v any) string {
	switch v := v.(type) {
	case string:
		return `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
	case bool:
		return s.spell(strings.ToUpper(fmt.Sprint(v)))
	case float64:
		return pick(s.t, fmt.Sprint(v), fmt.Sprint(v)+"0", fmt.Sprintf("%e", v))
	}
	return fmt.Sprint(v)
}
