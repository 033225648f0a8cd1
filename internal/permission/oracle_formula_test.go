package permission_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// someone is a user in an app, whom a formula is about.
type someone struct {
	w        *world
	who, app string
}

func (s someone) attribute(name string) any { return s.w.attribute(s.who, name) }

func (s someone) set(ref string) any {
	if set, ok := s.w.holdsSet(s.who, s.app, ref); ok {
		return set.Name
	}
	return nil
}

// simple is a formula, and what it means, said once more in Go: nil is blank, and ok is false where it can not be worked
// out.
type simple struct {
	reads []string // of the record
	says  func(s someone, r record) (v any, ok bool)
}

// formulas are those that random worlds use.
var formulas = map[string]simple{
	`{{$Model.Region}} = {{$User.region}}`: {[]string{"Region"}, func(s someone, r record) (any, bool) {
		return alike(r.plain("Region"), s.attribute("region")), true
	}},
	`{{$Model.Amount}} < {{$User.limit}}`: {[]string{"Amount"}, func(s someone, r record) (any, bool) {
		return less(r.plain("Amount"), s.attribute("limit"))
	}},
	`ISBLANK({{$Model.Owner}})`: {[]string{"Owner"}, func(_ someone, r record) (any, bool) { return r.plain("Owner") == nil, true }},
	`NOT ISBLANK({{$User.appPermissions.s1.id}})`: {nil, func(s someone, _ record) (any, bool) {
		return s.set("s1") != nil, true
	}},
	`ISBLANK({{$User.appPermissions.x2.id}})`: {nil, func(s someone, _ record) (any, bool) { return s.set("x2") == nil, true }},
	`{{$Model.Owner}} = {{$User.id}} OR {{$User.chief}}`: {[]string{"Owner"}, func(s someone, r record) (any, bool) {
		if alike(r.plain("Owner"), s.attribute("id")) {
			return true, true
		}
		return truth(s.attribute("chief"))
	}},
	`{{$Model.Region}} <> "North"`: {[]string{"Region"}, func(_ someone, r record) (any, bool) { return !alike(r.plain("Region"), "North"), true }},
	`CONTAINS({{$Model.Region}}, {{$User.region}})`: {[]string{"Region"}, func(s someone, r record) (any, bool) {
		text, isText := asText(r.plain("Region"))
		part, isPart := asText(s.attribute("region"))
		return text != "" && part != "" && strings.Contains(text, part), isText && isPart
	}},
	`{{$Model.Author/Title}} = {{$User.name}}`: {[]string{"Author/Title"}, func(s someone, r record) (any, bool) {
		return alike(r.plain("Author/Title"), s.attribute("name")), true
	}},
	`100 / {{$Model.Amount}} > 1`: {[]string{"Amount"}, func(_ someone, r record) (any, bool) {
		switch v := r.plain("Amount").(type) {
		case nil:
			return false, true
		case float64:
			return v != 0 && 100/v > 1, v != 0
		default:
			return nil, false
		}
	}},
	`{{$User.region}} = "North"`: {nil, func(s someone, _ record) (any, bool) { return alike(s.attribute("region"), "North"), true }},
	`NOT ({{$Model.Region}} = {{$User.region}})`: {[]string{"Region"}, func(s someone, r record) (any, bool) {
		return !alike(r.plain("Region"), s.attribute("region")), true
	}},
	`{{$Model.Region}} = {{$User.appPermissions.x2.name}}`: {[]string{"Region"}, func(s someone, r record) (any, bool) {
		return alike(r.plain("Region"), s.set("x2")), true
	}},
	`IF({{$User.chief}}, TRUE, {{$Model.Open}})`: {[]string{"Open"}, func(s someone, r record) (any, bool) {
		if chief, ok := truth(s.attribute("chief")); !ok || chief {
			return chief, ok
		}
		return truth(r.plain("Open"))
	}},
	`{{$Model.Due}} <= NOW()`: {[]string{"Due"}, func(_ someone, r record) (any, bool) {
		switch v := r.plain("Due").(type) {
		case nil:
			return false, true
		case string:
			due, err := time.Parse(time.DateOnly, v)
			return !due.After(today), err == nil
		default:
			return nil, false
		}
	}},
	`{{$Model.Region}} = {{$User.region}} AND {{$Model.Amount}} < {{$User.limit}}`: {[]string{"Amount", "Region"}, func(s someone, r record) (any, bool) {
		if !alike(r.plain("Region"), s.attribute("region")) {
			return false, true
		}
		return less(r.plain("Amount"), s.attribute("limit"))
	}},
}

// forcedFormulas are of users alone.
var forcedFormulas = map[string]simple{
	`{{$User.id}}`:                     {nil, func(s someone, _ record) (any, bool) { return s.attribute("id"), true }},
	`{{$User.region}}`:                 {nil, func(s someone, _ record) (any, bool) { return s.w.rawAttribute(s.who, "region"), true }},
	`"North"`:                          {nil, func(someone, record) (any, bool) { return "North", true }},
	`{{$User.appPermissions.s1.name}}`: {nil, func(s someone, _ record) (any, bool) { return s.set("s1"), true }},
	`{{$User.limit}} + 1`: {nil, func(s someone, _ record) (any, bool) {
		switch v := s.attribute("limit").(type) {
		case nil:
			return nil, true
		case float64:
			return v + 1, true
		default:
			return nil, false
		}
	}},
}

// plain is a value as the formulas above look at it: blank, TRUE or FALSE, a number, a text.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			panic(err)
		}
		return f
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case string:
		if v == "" {
			return nil
		}
		return v
	default:
		return v
	}
}

func (r record) plain(field string) any { return plain(r[field]) }

// alike: nothing equals a blank, and values of different kinds are not equal.
func alike(a, b any) bool { return a != nil && b != nil && a == b }

func less(a, b any) (any, bool) {
	if a == nil || b == nil {
		return false, true
	}
	x, xNumber := a.(float64)
	y, yNumber := b.(float64)
	s, sText := a.(string)
	u, uText := b.(string)
	return xNumber && x < y || sText && s < u, xNumber && yNumber || sText && uText
}

// truth: a blank counts as FALSE.
func truth(v any) (is, ok bool) {
	b, isBool := v.(bool)
	return b, isBool || v == nil
}

func asText(v any) (string, bool) {
	text, ok := v.(string)
	return text, ok || v == nil
}

// say tells a text from a number that looks the same, and from none.
func say(v any) string {
	if v != "" {
		v = plain(v)
	}
	return fmt.Sprintf("%T %v", v, v)
}
