package odata

import (
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

// evil are texts that would end a literal, a filter, or an option if they were spliced.
var evil = []string{
	"", "'", "''", "'''", "\\'", "' or 1 eq 1 or '", "%27 or true", "%2527", "x' or Title ne '", "a&$filter=true", "a#b", "a;b",
	"') or (Id gt 0", "+", "a+b", "null", "a,b", "\x00", "\r\nHost: x", "’", "ʼ", "＇", "日本", "\u202e'",
}

func TestC3_AFilterIsWhatItsTreeSays(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.FixedZone("", 3600))
	id := uuid.MustParse("21EC2020-3AEA-4069-A2DD-08002B30309D")
	title := func(op Op, v Literal) Filter { return Filter{Field: "Title", Op: op, Value: v} }
	not := title(EndsWith, String("z"))
	for _, tt := range []struct {
		f      Filter
		v4, v3 string // v3 empty: the same
	}{
		{title(Equal, String("O'Neil")), "Title eq 'O''Neil'", ""},
		{title(NotEqual, Null()), "Title ne null", ""},
		{title(Greater, Int(-5)), "Title gt -5", ""},
		{title(Equal, Bool(true)), "Title eq true", ""},
		{title(GreaterOrEqual, DateTime(at)), "Title ge 2026-01-02T02:04:05.6Z", "Title ge datetime'2026-01-02T02:04:05.6Z'"},
		{title(Equal, GUID(id)), "Title eq 21ec2020-3aea-4069-a2dd-08002b30309d", "Title eq guid'21ec2020-3aea-4069-a2dd-08002b30309d'"},
		{title(Contains, String("a")), "contains(Title,'a')", "substringof('a',Title)"},
		{title(StartsWith, String("a")), "startswith(Title,'a')", ""},
		{Filter{Field: "A/B", Op: In, Values: []Literal{Int(1), Int(2)}}, "(A/B eq 1 or A/B eq 2)", ""},
		{Filter{Not: &not}, "not (endswith(Title,'z'))", ""},
		{Filter{And: []Filter{title(Less, Int(1)), {Or: []Filter{title(LessOrEqual, Int(2)), title(Equal, Int(3))}}}},
			"(Title lt 1 and (Title le 2 or Title eq 3))", ""},
	} {
		if p := tt.f.check("", 0); p != nil {
			t.Errorf("%s: %s at %s", tt.v4, p.detail, p.at)
		}
		if got := V4.filter(tt.f); got != tt.v4 {
			t.Errorf("version 4: %s, want %s", got, tt.v4)
		}
		if tt.v3 == "" {
			tt.v3 = tt.v4
		}
		if got := V3.filter(tt.f); got != tt.v3 {
			t.Errorf("version 3: %s, want %s", got, tt.v3)
		}
	}
}

func TestFieldsOfAFilter(t *testing.T) {
	b := Filter{Field: "B/C", Op: Equal, Value: Null()}
	f := Filter{And: []Filter{b, {Field: "A", Op: Equal, Value: Null()}, {Not: &b}}}
	if got := f.Fields(); !reflect.DeepEqual(got, []Field{"A", "B/C"}) {
		t.Errorf("%v", got)
	}
}

// trees puts a comparison into every kind of tree, so that breaking out of it would change the tree.
func trees(field, value, other string) []Filter {
	c := Filter{Field: Field(field), Op: Equal, Value: String(value)}
	in := Filter{Field: Field(field), Op: In, Values: []Literal{String(value), Null(), String(other)}}
	starts := Filter{Field: "Title", Op: StartsWith, Value: String(value)}
	return []Filter{
		c, {Not: &c}, in, starts,
		{And: []Filter{c, {Field: "Owner", Op: Equal, Value: String(other)}}},
		{Or: []Filter{{And: []Filter{starts, {Not: &in}}}, c, {Field: "Contains", Op: Contains, Value: String(other)}}},
	}
}

func FuzzFilter(f *testing.F) {
	for _, text := range evil {
		f.Add("Title", text, "x")
		f.Add(text, "x", text)
	}
	f.Add("Author/Title", "a", "b")
	f.Add("OData__x005f_x0020_", "a", "b")
	f.Fuzz(func(t *testing.T, field, value, other string) {
		value, other = strings.ToValidUTF8(value, "?"), strings.ToValidUTF8(other, "?") // as JSON strings are
		for _, tree := range trees(field, value, other) {
			if tree.check("", 0) != nil {
				if Field(field).valid() {
					t.Fatalf("refused: %+v", tree)
				}
				continue
			}
			query, err := url.ParseQuery(V4.query(Input{Filter: &tree, Top: 7}))
			if err != nil || len(query) != 2 || len(query["$filter"]) != 1 || query.Get("$top") != "7" {
				t.Fatalf("%q left its option: %v, %v", value, query, err)
			}
			again, err := parseFilter(query.Get("$filter"))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again, meant(tree)) {
				t.Fatalf("%+v\nbecame %s\nwhich is %+v", tree, query.Get("$filter"), again)
			}
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, text := range evil {
		f.Add(text)
	}
	f.Add("a/../../b")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		escaped := V4.path(EntitySet{{Name: "lists", Key: &Key{Value: String(text)}}, {Name: "items"}}, &Key{Value: Int(1)})
		parts := strings.Split(escaped, "/") // before unescaping, as the specification has it
		if len(parts) != 3 || parts[2] != "items(1)" || strings.ContainsAny(escaped, "?#") {
			t.Fatalf("%q became %s", text, escaped)
		}
		plain, err := url.PathUnescape(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		r := &reading{strings.TrimPrefix(plain, "lists(")}
		if got := r.literal(); got != String(text) || r.rest != ")" {
			t.Fatalf("%q became %s", text, plain)
		}
	})
}

func TestC1_WrongODataInputNamesTheField(t *testing.T) {
	deep := strings.Repeat(`{"not":`, maxDepth+1) + `{"field":"A","op":"eq","value":1}` + strings.Repeat("}", maxDepth+1)
	for _, tt := range []struct{ operation, input, field string }{
		{List, `{}`, "/entity_set"},
		{List, `{"entity_set":""}`, "/entity_set"},
		{List, `{"entity_set":"a b"}`, "/entity_set"},
		{List, `{"entity_set":"a/../b"}`, "/entity_set"},
		{List, `{"entity_set":"Orders(1)"}`, "/entity_set"},
		{List, `{"entity_set":["lists",{"name":"x","kye":1}]}`, "/entity_set/1/kye"},
		{List, `{"entity_set":["lists",{"name":"x","key":1}]}`, "/entity_set"},
		{List, `{"entity_set":["lists",{"name":"x y","key":1},"items"]}`, "/entity_set/1"},
		{List, `{"entity_set":"A","key":1}`, "/key"},
		{List, `{"entity_set":"A","fields":{}}`, "/fields"},
		{List, `{"entity_set":"A","tpo":1}`, "/tpo"},
		{List, `{"entity_set":"A","top":-1}`, "/top"},
		{List, `{"entity_set":"A","max_items":10001}`, "/max_items"},
		{List, `{"entity_set":"A","max_pages":101}`, "/max_pages"},
		{List, `{"entity_set":"A","select":["B","$count"]}`, "/select/1"},
		{List, `{"entity_set":"A","select":["B,C"]}`, "/select/0"},
		{List, `{"entity_set":"A","orderby":[{"field":"B desc"}]}`, "/orderby/0/field"},
		{List, `{"entity_set":"A","filter":"B eq 1"}`, "/filter"},
		{List, `{"entity_set":"A","filter":{}}`, "/filter"},
		{List, `{"entity_set":"A","filter":{"and":[]}}`, "/filter/and"},
		{List, `{"entity_set":"A","filter":{"and":[{"field":"B","op":"like","value":1}]}}`, "/filter/and/0/op"},
		{List, `{"entity_set":"A","filter":{"or":[{"field":"B","op":"eq","value":1}],"field":"C"}}`, "/filter"},
		{List, `{"entity_set":"A","filter":{"not":{"field":"true","op":"eq","value":true}}}`, "/filter/not/field"},
		{List, `{"entity_set":"A","filter":{"field":"B eq 1 or C","op":"eq","value":1}}`, "/filter/field"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"eq"}}`, "/filter/value"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"gt","value":null}}`, "/filter/value"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"contains","value":1}}`, "/filter/value"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"eq","value":[1]}}`, "/filter/value"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"eq","value":{"guid":"1"}}}`, "/filter/value"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"eq","value":{"datetime":"now"}}}`, "/filter/value/datetime"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"in","values":[]}}`, "/filter/values"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"eq","value":1,"values":[1]}}`, "/filter/values"},
		{List, `{"entity_set":"A","filter":` + deep + `}`, "/filter" + strings.Repeat("/not", maxDepth+1)},
		{Get, `{"entity_set":"A"}`, "/key"},
		{Get, `{"entity_set":"A","key":null}`, "/key"},
		{Get, `{"entity_set":"A","key":{}}`, "/key"},
		{Get, `{"entity_set":"A","key":{"a b":1}}`, "/key/a b"},
		{Get, `{"entity_set":"A","key":{"B":null}}`, "/key/B"},
		{Get, `{"entity_set":"A","key":1,"filter":{}}`, "/filter"},
		{Create, `{"entity_set":"A"}`, "/fields"},
		{Create, `{"entity_set":"A","fields":{"a@odata.bind":"x"}}`, "/fields/a@odata.bind"},
		{Update, `{"entity_set":"A","key":1,"fields":{"B":1}}`, "/etag"},
		{Update, `{"entity_set":"A","key":1,"fields":{"B":1},"etag":"*"}`, "/etag"},
		{Update, `{"entity_set":"A","key":1,"fields":{"B":1},"etag":"x","any_version":true}`, "/any_version"},
		{Update, `{"entity_set":"A","key":1,"fields":{"B":1,"B":2},"any_version":true}`, "/fields/B"},
		{Delete, `{"entity_set":"A","key":1}`, "/etag"},
	} {
		_, err := Parse(tt.operation, []byte(tt.input))
		if f := fault.From(err); f == nil || f.Reason != fault.InputInvalid || f.Field != tt.field || !f.NoEffect {
			t.Errorf("%s %s: %+v, want field %q", tt.operation, tt.input, f, tt.field)
		}
	}
	if _, err := Parse("drop", nil); fault.From(err).Reason != fault.OperationForbidden {
		t.Errorf("an operation that there is not: %v", err)
	}
}

func TestTheDocumentedInputsAreInputs(t *testing.T) {
	text, err := os.ReadFile("../../../docs/how-do-i-send-events.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, block := range strings.Split(string(text), "```json\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		var action struct {
			Connector, Operation string
			Input                json.RawMessage
		}
		if err := json.Unmarshal([]byte(block), &action); err != nil || action.Connector != "odata" {
			continue
		}
		n++
		if _, err := Parse(action.Operation, action.Input); err != nil {
			t.Errorf("%s: %+v", block, fault.From(err))
		}
	}
	if n != 2 {
		t.Errorf("%d examples, want 2", n)
	}
}

func TestAnInputIsWrittenAsItWasRead(t *testing.T) {
	for operation, documents := range map[string][]string{
		List: {
			`{"entity_set":"Orders"}`,
			`{"entity_set":"web/lists","select":["A","B/C"],"orderby":[{"field":"A","desc":true}],"top":5,"max_items":3,"max_pages":2}`,
			`{"entity_set":["lists",{"name":"getbytitle","key":"O'Neil"},"items"],"filter":{"and":[{"not":{"field":"A","op":"in",
				"values":["x",1.50,true,null,{"guid":"21ec2020-3aea-4069-a2dd-08002b30309d"},{"datetime":"2026-01-02T03:04:05Z"}]}},
				{"or":[{"field":"OData__x005f_B","op":"startswith","value":"x"}]}]}}`,
		},
		Update: {`{"entity_set":"A","key":{"B":1,"C":"x"},"fields":{"T":{"U":[1]}},"etag":"\"1\""}`},
		Delete: {`{"entity_set":"A","key":{"guid":"21ec2020-3aea-4069-a2dd-08002b30309d"},"any_version":true}`},
	} {
		for _, d := range documents {
			in, err := Parse(operation, []byte(d))
			if err != nil {
				t.Fatalf("%s: %+v", d, fault.From(err))
			}
			written, err := in.Document()
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(operation, written)
			if err != nil || !reflect.DeepEqual(in, again) {
				t.Errorf("%s\nwas written as %s\nand read as %+v, %v", d, written, again, err)
			}
		}
	}
}
