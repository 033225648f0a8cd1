package odata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
)

func decoded(t testing.TB, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

// reads makes a right to read of names: a field, or what it is inside of, the innermost first; false takes it out again.
func reads(named map[string]bool) func(string) bool {
	return func(path string) bool {
		for at := path; ; {
			if is, there := named[at]; there {
				return is
			}
			slash := strings.LastIndexByte(at, '/')
			if slash < 0 {
				return named["*"]
			}
			at = at[:slash]
		}
	}
}

func keeping(field func(string) bool) connector.Keep {
	return func(formula.Record) (func(string) bool, bool) { return field, true }
}

func TestP9_OfAnEntityOnlyWhatMayBeReadIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		named      map[string]bool
		item, want string
	}{
		"a field":                      {map[string]bool{"Id": true}, `{"Id":1,"Salary":5}`, `{"Id":1}`},
		"every field but one":          {map[string]bool{"*": true, "Salary": false}, `{"Id":1,"Salary":5,"Salary@odata.type":"#Int32"}`, `{"Id":1}`},
		"no field":                     {nil, `{"Id":1,"@odata.id":"Orders(1)"}`, `{}`},
		"the version stays":            {map[string]bool{"Id": true}, `{"@odata.etag":"W/1","odata.etag":"W/1","@etag":"W/1","Id":1,"@odata.id":"x"}`, `{"@odata.etag":"W/1","odata.etag":"W/1","@etag":"W/1","Id":1}`},
		"a version that is none":       {map[string]bool{"Id": true}, `{"@odata.etag":{"Salary":5},"odata.etag":[5],"Id":1}`, `{"Id":1}`},
		"an older version":             {map[string]bool{"Id": true}, `{"__metadata":{"etag":"W/1","uri":"Orders(1)","type":"Order"},"Id":1}`, `{"__metadata":{"etag":"W/1"},"Id":1}`},
		"an older one that is none":    {map[string]bool{"Id": true}, `{"__metadata":{"etag":{"Salary":5}},"Id":1}`, `{"Id":1}`},
		"an annotation of a field":     {map[string]bool{"Id": true}, `{"Id":1,"Id@odata.type":"#Int64","Salary@odata.type":"#Int64","@odata.context":"x","odata.type":"y","Id@":5}`, `{"Id":1,"Id@odata.type":"#Int64"}`},
		"an object inside":             {map[string]bool{"Author/Title": true}, `{"Author":{"Title":"Ann","Mail":"x","@odata.etag":"1"}}`, `{"Author":{"Title":"Ann","@odata.etag":"1"}}`},
		"an object inside that is out": {map[string]bool{"Id": true}, `{"Id":1,"Author":{"Title":"Ann","@odata.etag":"1"}}`, `{"Id":1}`},
		"a part of an object that is":  {map[string]bool{"Author": true, "Author/Mail": false}, `{"Author":{"Title":"Ann","Mail":"x"}}`, `{"Author":{"Title":"Ann"}}`},
		"an object that may be read":   {map[string]bool{"Author": true, "Author/Mail": false}, `{"Author":{"Mail":"x"}}`, `{"Author":{}}`},
		"a list of values":             {map[string]bool{"Tags": true}, `{"Tags":["a","b"],"Codes":["c"],"None":[]}`, `{"Tags":["a","b"]}`},
		"a list of objects":            {map[string]bool{"Lines/Id": true}, `{"Lines":[{"Id":1,"Cost":5},{"Cost":6},{"Id":2}]}`, `{"Lines":[{"Id":1},{"Id":2}]}`},
		"a list of objects and values": {map[string]bool{"Lines/Id": true}, `{"Lines":[{"Id":1},"secret",null]}`, `{"Lines":[{"Id":1}]}`},
		"a list in a list":             {map[string]bool{"Lines/Id": true}, `{"Lines":[{"Id":1},["secret"],[{"Id":2,"Cost":5},"secret"]]}`, `{"Lines":[{"Id":1},[{"Id":2}]]}`},
		"an older list of objects":     {map[string]bool{"Lines": true, "Lines/Cost": false}, `{"Lines":{"results":[{"Id":1,"Cost":5}],"__next":"x"}}`, `{"Lines":{"results":[{"Id":1}],"__next":"x"}}`},
		"a field of an older list":     {map[string]bool{"Lines/Id": true}, `{"Lines":{"results":[{"Id":1,"Cost":5}],"__next":"x"}}`, `{"Lines":{"results":[{"Id":1}]}}`},
		"a field that is called so":    {map[string]bool{"Race": true, "Race/results": false}, `{"Race":{"results":[{"Id":1}],"Name":"x"}}`, `{"Race":{"Name":"x"}}`},
		"and a list at the outside":    {map[string]bool{"results": true}, `{"results":[1,2]}`, `{"results":[1,2]}`},
		"what is not fetched":          {map[string]bool{"Id": true}, `{"Id":1,"Author":{"__deferred":{"uri":"x"}}}`, `{"Id":1}`},
		"numbers stay as they are":     {map[string]bool{"*": true}, `{"Id":12345678901234567890,"Rate":1.10}`, `{"Id":12345678901234567890,"Rate":1.10}`},
	} {
		response := fmt.Sprintf(`{"status":200,"item":%s,"etag":"W/1"}`, c.item)
		got, hidden, err := new(Connector).Strip(Get, []byte(response), keeping(reads(c.named)))
		want := fmt.Sprintf(`{"status":200,"item":%s,"etag":"W/1"}`, c.want)
		if err != nil || hidden || !reflect.DeepEqual(decoded(t, got), decoded(t, []byte(want))) {
			t.Errorf("%s: got %s, %v, %v; want %s", name, got, hidden, err, want)
		}
	}
}

func TestP9_OfRecordsOnlyThoseThatMayBeSeenAreLeft(t *testing.T) {
	small := func(r formula.Record) (func(string) bool, bool) {
		v, _ := r.Field("Amount")
		n, _ := v.(int64)
		return reads(map[string]bool{"Id": true}), n < 10
	}
	c := new(Connector)
	got, hidden, err := c.Strip(List, []byte(`{"status":200,"items":[{"Id":1,"Amount":5},{"Id":2,"Amount":50},{"Id":3}],"next":true}`), small)
	if want := `{"status":200,"items":[{"Id":1},{"Id":3}],"next":true}`; err != nil || hidden || string(got) != want {
		t.Errorf("list: got %s, %v, %v; want %s", got, hidden, err, want)
	}
	got, hidden, err = c.Strip(Get, []byte(`{"status":200,"item":{"Id":2,"Amount":50},"etag":"W/1"}`), small)
	if want := `{"status":200}`; err != nil || !hidden || string(got) != want {
		t.Errorf("one that may not be seen: got %s, %v, %v; want %s", got, hidden, err, want)
	}
	got, hidden, err = c.Strip(Delete, []byte(`{"status":204}`), small)
	if err != nil || hidden || string(got) != `{"status":204}` {
		t.Errorf("an answer without an entity: got %s, %v, %v", got, hidden, err)
	}
	north := func(r formula.Record) (func(string) bool, bool) {
		return func(field string) bool {
			v, _ := r.Field("Region")
			return v == "North" && field != "Region"
		}, true
	}
	got, _, err = c.Strip(List, []byte(`{"status":200,"items":[{"Id":1,"Region":"North","Title":"x","Zone":1}],"next":false}`), north)
	if want := `{"status":200,"items":[{"Id":1,"Title":"x","Zone":1}],"next":false}`; err != nil || string(got) != want {
		t.Errorf("what may be seen depends on what may not: got %s, %v; want %s", got, err, want)
	}
	for _, broken := range []string{`{"status":200,"item":[1]}`, `{"status":200,"item":"x"}`} {
		if got, _, err := c.Strip(Get, []byte(broken), small); err == nil {
			t.Errorf("%s passes as %s", broken, got)
		}
	}
	if got, _, err := c.Strip(List, []byte(`{"status":200,"items":[{"Id":1},null]}`), small); err == nil {
		t.Errorf("an entity that is none passes: %s", got)
	}
}

// names that services use, and some that look like theirs.
var propertyNames = []string{"Id", "Title", "Author", "Salary", "results", "Id@odata.type", "Salary@odata.x", "@odata.etag", "odata.etag",
	"@odata.id", "odata.type", "__metadata", "__deferred", "Author@", "A/B", "", "@", "etag"}

func drawValue(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 5+min(depth, 3)).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2, 3:
		return rapid.SampledFrom([]string{"", "x", "secret"}).Draw(t, "text")
	case 4, 5:
		return json.Number("7")
	case 6:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "elements"))
		for i := range list {
			list[i] = drawValue(t, depth-1)
		}
		return list
	default:
		return drawObject(t, depth-1)
	}
}

func drawObject(t *rapid.T, depth int) map[string]any {
	o := make(map[string]any)
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(propertyNames), 0, 6, rapid.ID).Draw(t, "properties") {
		o[name] = drawValue(t, depth)
	}
	return o
}

// anyRight is a right to read without rhyme or reason: it differs from path to path.
func anyRight(seed byte) func(string) bool {
	return func(path string) bool {
		h := fnv.New32a()
		h.Write([]byte{seed})
		h.Write([]byte(path))
		return h.Sum32()%3 > 0
	}
}

// leaks finds values that may not be read: in lists at their path, in a wrapped list at the wrapper's, too.
func leaks(v any, path string, field func(string) bool) (found []string) {
	switch v := v.(type) {
	case map[string]any:
		return leaksOf(v, path+"/", field)
	case []any:
		for _, x := range v {
			found = append(found, leaks(x, path, field)...)
		}
		return found
	default:
		if !field(path) {
			return []string{path}
		}
		return nil
	}
}

// leaksOf is leaks of an object; its prefix is empty at the outside.
func leaksOf(v map[string]any, prefix string, field func(string) bool) (found []string) {
	for name, x := range v {
		property, annotation, annotated := strings.Cut(name, "@")
		switch {
		case name == "@odata.etag" || name == "@etag" || name == "odata.etag":
			if _, text := x.(string); !text {
				found = append(found, prefix+name)
			}
		case name == "__metadata":
			if o, ok := x.(map[string]any); !ok || len(o) != 1 || reflect.TypeOf(o["etag"]) != reflect.TypeFor[string]() {
				found = append(found, prefix+name)
			}
		case annotated && (property == "" || annotation == "" || !field(prefix+property)), strings.HasPrefix(name, "odata."):
			found = append(found, prefix+name)
		case annotated:
		case name == "results" && prefix != "" && reflect.TypeOf(x) == reflect.TypeFor[[]any]():
			found = append(found, leaks(x, strings.TrimSuffix(prefix, "/"), field)...)
		default:
			found = append(found, leaks(x, prefix+name, field)...)
		}
	}
	return found
}

// TestP9_NothingThatMayNotBeReadIsLeft of any entity, by any right.
func TestP9_NothingThatMayNotBeReadIsLeft(t *testing.T) {
	left := 0
	rapid.Check(t, func(t *rapid.T) {
		item, err := json.Marshal(drawObject(t, 4))
		if err != nil {
			t.Fatal(err)
		}
		field := anyRight(rapid.Byte().Draw(t, "right"))
		stripped, ok, err := stripItem(item, keeping(field))
		if err != nil || !ok {
			t.Fatalf("%s: %v", item, err)
		}
		var got map[string]any
		if err := json.Unmarshal(stripped, &got); err != nil {
			t.Fatal(err)
		}
		if found := leaksOf(got, "", field); len(found) > 0 {
			t.Fatalf("%s\nbecomes %s\nwhich shows %v", item, stripped, found)
		}
		left += len(stripped)
		again, _, err := stripItem(stripped, keeping(field))
		if err != nil || !bytes.Equal(again, stripped) {
			t.Fatalf("%s\nstripped again %s", stripped, again)
		}
		whole, _, err := stripItem(item, keeping(func(string) bool { return true }))
		var before map[string]any
		if json.Unmarshal(whole, &before) != nil || err != nil {
			t.Fatal(err)
		}
		for name, v := range before {
			_, object := v.(map[string]any)
			_, list := v.([]any)
			if now, there := got[name]; !object && !list && !strings.Contains(name, "@") && field(name) && (!there || !reflect.DeepEqual(now, v)) {
				t.Fatalf("%s may be read, and is gone from %s", name, stripped)
			}
		}
	})
	if left < 1000 {
		t.Errorf("only %d bytes were left of all entities", left)
	}
}

func TestP9_WhatAnOperationTouches(t *testing.T) {
	for name, c := range map[string]struct {
		operation, input string
		want             connector.Touch
	}{
		"a list": {List, `{"entity_set":["lists",{"name":"getbytitle","key":"Tasks"},"items"],"select":["Id","Author/Title"],"orderby":[{"field":"Due"}],"filter":{"field":"Owner","op":"eq","value":"x"}}`,
			connector.Touch{Op: "read", Object: "lists/getbytitle('Tasks')/items", Reads: []string{"Id", "Author/Title"}, By: []string{"Due", "Owner"},
				At: map[string]string{"Id": "/select/0", "Author/Title": "/select/1", "Due": "/orderby/0/field", "Owner": "/filter"}}},
		"selecting nothing is selecting all": {Get, `{"entity_set":"Orders","key":1,"select":[]}`, connector.Touch{Op: "read", Object: "Orders", At: map[string]string{}}},
		"a key by its parts": {Get, `{"entity_set":"Orders","key":{"Email":"a@b","Year":2026}}`,
			connector.Touch{Op: "read", Object: "Orders", By: []string{"Email", "Year"}, At: map[string]string{"Email": "/key/Email", "Year": "/key/Year"}}},
		"a write, with what is inside": {Create, `{"entity_set":"Orders","fields":{"Title":"x","None":null,"Empty":{},"Author":{"Title":"Ann","Manager":{"Mail":"x","Id@odata.bind":"P(1)"}},"Lines":[{"Id":1},{"Id":2,"Cost":3}],"Tags":["a"]}}`,
			connector.Touch{Op: "create", Object: "Orders", Written: []string{"Author/Manager/Id", "Author/Manager/Mail", "Author/Title", "Empty", "Lines/Cost", "Lines/Id", "None", "Tags", "Title"},
				At: map[string]string{"Title": "/fields/Title", "None": "/fields/None", "Empty": "/fields/Empty", "Author": "/fields/Author", "Lines": "/fields/Lines", "Tags": "/fields/Tags",
					"Author/Title": "/fields/Author/Title", "Author/Manager/Mail": "/fields/Author/Manager/Mail", "Author/Manager/Id": "/fields/Author/Manager/Id@odata.bind",
					"Lines/Id": "/fields/Lines/0/Id", "Lines/Cost": "/fields/Lines/1/Cost"}}},
		"a delete": {Delete, `{"entity_set":"Orders","key":1,"any_version":true}`, connector.Touch{Op: "delete", Object: "Orders", At: map[string]string{}}},
	} {
		got, err := new(Connector).Touches(c.operation, []byte(c.input))
		if len(got.Writes) > 0 != (len(c.want.Written) > 0) {
			t.Errorf("%s: writes %v", name, got.Writes)
		}
		got.Writes = nil
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, c.want)
		}
	}
	if _, err := new(Connector).Touches("merge", []byte(`{}`)); fault.From(err).Reason != fault.OperationForbidden {
		t.Errorf("an unknown operation: %v", err)
	}
}

func drawInput(t *rapid.T) (operation string, in Input) {
	operation = rapid.SampledFrom([]string{List, Get, Create, Update, Delete}).Draw(t, "operation")
	in = Input{EntitySet: EntitySet{{Name: "Orders"}}}
	if slices.Contains(takes[operation], "key") {
		in.Key = &Key{Value: Int(1)}
	}
	if slices.Contains(takes[operation], "select") && rapid.Bool().Draw(t, "selects") {
		in.Select = rapid.SliceOfN(rapid.SampledFrom([]Field{"Id", "Title", "Author/Title"}), 0, 3).Draw(t, "select")
	}
	if operation == List && rapid.Bool().Draw(t, "filters") {
		own := drawOwnFilter(t, rapid.SampledFrom([]int{0, 1, 3, maxDepth}).Draw(t, "depth"))
		in.Filter = &own
	}
	if slices.Contains(takes[operation], "fields") {
		in.Fields = map[string]json.RawMessage{"Title": json.RawMessage(`"x"`)}
	}
	in.AnyVersion = slices.Contains(takes[operation], "any_version")
	return operation, in
}

func drawOwnFilter(t *rapid.T, depth int) Filter {
	one := Filter{Field: "Id", Op: Equal, Value: Int(1)}
	f := one
	for range depth {
		inner := f
		f = rapid.SampledFrom([]Filter{{And: []Filter{f}}, {Or: []Filter{f, one}}, {Not: &inner}}).Draw(t, "around")
	}
	return f
}

func drawFilter(t *rapid.T, depth int) formula.Filter {
	parts := func() []formula.Filter {
		return []formula.Filter{drawFilter(t, depth-1), drawFilter(t, depth-1)}
	}
	switch kind := rapid.IntRange(0, 7).Draw(t, "filter"); {
	case depth > 0 && kind == 0:
		return formula.Filter{And: parts()}
	case depth > 0 && kind == 1:
		return formula.Filter{Or: parts()}
	case kind == 2:
		return formula.Filter{Not: &formula.Filter{Field: "Title", Op: formula.Contains, Value: "x"}}
	case kind == 3:
		return formula.Filter{Field: "Region", Op: formula.Equal}
	default:
		return formula.Filter{Field: rapid.SampledFrom([]string{"Region", "Author/Title", "no field"}).Draw(t, "field"), Op: formula.Equal,
			Value: rapid.SampledFrom([]formula.Value{"North", "2026-01-01", "0b5bcd8e-6c37-4b7c-b7c5-2d0e25a8a4c9", int64(5), 0.5, 1e-9, true, time.Unix(0, 0).UTC()}).Draw(t, "value")}
	}
}

// TestP10_ALimitedInputIsOne: it can be read, asks for nothing but what is left, keeps what was asked for, and is limited
// once: the same limits change nothing more.
func TestP10_ALimitedInputIsOne(t *testing.T) {
	c := new(Connector)
	rapid.Check(t, func(t *rapid.T) {
		operation, own := drawInput(t)
		input, err := own.Document()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(operation, input); err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		l := connector.Limits{}
		if rapid.Bool().Draw(t, "narrows") {
			l.Reads = rapid.SliceOfN(rapid.SampledFrom([]string{"Id", "Author/Title", "no field", "a-b", "Region"}), 0, 4).Draw(t, "reads")
		}
		if rapid.Bool().Draw(t, "limits") {
			f := drawFilter(t, 4)
			l.Filter = &f
		}
		if rapid.Bool().Draw(t, "forces") {
			l.Force = map[string]formula.Value{"Owner": "ann", "Count": int64(3), "Rate": 0.1, "Due": time.Unix(0, 0).UTC(), "None": nil, "Open": true}
		}
		limited, err := c.Limit(operation, input, l)
		if err != nil {
			if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Reason != fault.NotGranted || slices.ContainsFunc(l.Reads, func(n string) bool { return Field(n).valid() }) {
				t.Fatalf("%s within %+v: %v", input, l, err)
			}
			return
		}
		holdLimited(t, operation, own, limited, l)
		again, err := c.Limit(operation, limited, l)
		if err != nil || !bytes.Equal(again, limited) {
			t.Fatalf("%s\nlimited again is %s: %v", limited, again, err)
		}
	})
}

func holdLimited(t *rapid.T, operation string, own Input, limited []byte, l connector.Limits) {
	got, err := Parse(operation, limited)
	if err != nil {
		t.Fatalf("%s: %v", limited, err)
	}
	if got.EntitySet.String() != own.EntitySet.String() || got.AnyVersion != own.AnyVersion || (got.Key == nil) != (own.Key == nil) {
		t.Fatalf("it is another operation: %s", limited)
	}
	if l.Reads != nil && slices.Contains(takes[operation], "select") {
		if len(got.Select) == 0 || slices.ContainsFunc(got.Select, func(f Field) bool { return !slices.Contains(l.Reads, string(f)) }) {
			t.Fatalf("within %v it selects %v", l.Reads, got.Select)
		}
	} else if !slices.Equal(got.Select, own.Select) {
		t.Fatalf("it selects %v instead of %v", got.Select, own.Select)
	}
	if own.Filter != nil && !contains(*got.Filter, *own.Filter) {
		t.Fatalf("its own filter is gone: %s", limited)
	}
	if own.Fields == nil {
		return
	}
	for name, v := range l.Force {
		raw, err := json.Marshal(v)
		if err != nil || !bytes.Equal(got.Fields[name], raw) {
			t.Fatalf("%s is %s instead of %s", name, got.Fields[name], raw)
		}
	}
	if len(got.Fields) != len(own.Fields)+len(l.Force) {
		t.Fatalf("it writes %v", slices.Sorted(maps.Keys(got.Fields)))
	}
}

// contains tells whether a filter is, or demands, another.
func contains(f, own Filter) bool {
	if reflect.DeepEqual(f, own) {
		return true
	}
	demands := func(g Filter) bool {
		return slices.ContainsFunc(f.And, func(h Filter) bool { return reflect.DeepEqual(h, g) })
	}
	return demands(own) || own.And != nil && !slices.ContainsFunc(own.And, func(g Filter) bool { return !demands(g) })
}

func TestP10_AForcedValueWithoutAPlaceIsRefused(t *testing.T) {
	_, err := new(Connector).Limit(Create, []byte(`{"entity_set":"Orders","fields":{"Title":"x"}}`), connector.Limits{Force: map[string]formula.Value{"Author/Title": "x"}})
	if fault.From(err).Reason != fault.NotGranted || !fault.From(err).NoEffect {
		t.Errorf("got %v", err)
	}
	_, err = new(Connector).Limit(Create, []byte(`{"entity_set":"Orders","fields":{"Title":"x"}}`), connector.Limits{Force: map[string]formula.Value{"Rate": math.Inf(1)}})
	if fault.From(err).Reason != fault.NotGranted {
		t.Errorf("got %v", err)
	}
}

func TestP10_ARecordIsLookedAtAndFenced(t *testing.T) {
	c := new(Connector)
	for _, input := range []string{`{"entity_set":"Orders","key":1,"fields":{"Title":"x"},"any_version":true}`, `{"entity_set":"Orders","key":1,"any_version":true}`, `{"entity_set":"Orders","key":1,"etag":"W/1"}`} {
		operation, look, err := c.Look([]byte(input), []string{"Owner", "no field"})
		if err != nil || operation != Get || string(look) != `{"entity_set":[{"name":"Orders"}],"key":1,"select":["Owner"]}` {
			t.Errorf("%s: looks by %s %s, %v", input, operation, look, err)
		}
	}
	if _, _, err := c.Look([]byte(`{"entity_set":"Orders"}`), nil); err == nil {
		t.Error("no entity is looked at")
	}
	update := `{"entity_set":"Orders","key":1,"fields":{"Title":"x"},"any_version":true}`
	for looked, want := range map[string]string{
		`{"status":200,"item":{},"etag":"W/2"}`: `{"entity_set":[{"name":"Orders"}],"key":1,"fields":{"Title":"x"},"etag":"W/2"}`,
		`{"status":200,"item":{}}`:              update,
	} {
		got, ours, err := c.Fenced(Update, []byte(update), []byte(looked))
		if err != nil || string(got) != want || ours != (want != update) {
			t.Errorf("after %s: %s, ours %v, %v", looked, got, ours, err)
		}
	}
	named := `{"entity_set":"Orders","key":1,"etag":"W/1"}`
	if _, ours, err := c.Fenced(Delete, []byte(named), []byte(`{"status":200,"etag":"W/1"}`)); err != nil || ours {
		t.Errorf("the version that was named is called ours: %v, %v", ours, err)
	}
	_, _, err := c.Fenced(Delete, []byte(`{"entity_set":"Orders","key":1,"etag":"W/1"}`), []byte(`{"status":200,"etag":"W/2"}`))
	if f := fault.From(err); f.Reason != fault.TargetRejected || f.Field != "/etag" || !f.NoEffect {
		t.Errorf("another version than was named: %v", err)
	}
}

func TestP10_ARecordAsItShallBe(t *testing.T) {
	c := new(Connector)
	r, err := c.Record([]byte(`{"status":200,"item":{"Id":1,"Author":{"Title":"Ann"},"Rate":1.50}}`))
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.With(map[string]json.RawMessage{"Id": json.RawMessage(`2`), "Author": json.RawMessage(`{"Mail":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string][2]any{"Id": {int64(1), int64(2)}, "Author/Title": {"Ann", nil}, "Author/Mail": {nil, "x"}, "Rate": {1.5, 1.5}, "Else": {nil, nil}, "Id/Part": {nil, nil}} {
		before, _ := r.Field(field)
		after, _ := next.Field(field)
		if before != want[0] || after != want[1] {
			t.Errorf("%s was %v, is %v; want %v", field, before, after, want)
		}
	}
	if _, err := r.With(map[string]json.RawMessage{"Id": json.RawMessage(`{`)}); err == nil {
		t.Error("a value that is no JSON is written")
	}
	none, err := c.Record([]byte(`{"status":204}`))
	if none != nil || err != nil {
		t.Errorf("an answer without an entity: %v, %v", none, err)
	}
}
