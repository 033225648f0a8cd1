package odata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/connector"
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
