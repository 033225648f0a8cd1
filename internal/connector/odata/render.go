package odata

import (
	"net/url"
	"strings"
)

// Version is how a service wants to be spoken to.
type Version string

// The versions.
const (
	V4 Version = "4.0"
	V3 Version = "3.0" // SharePoint's REST API, beside others
)

// This file is the only place where structures become text of the service's language. Strings are quoted, and
// quotes in them doubled (OData 4.01 part 2, section 5.1.1.14.1); all else comes from closed sets or was
// checked to be a name, a number, a moment or a GUID. Escaping for the URL is put over the whole.

func (v Version) literal(l Literal) string {
	switch {
	case l.kind == KindString:
		return "'" + strings.ReplaceAll(l.text, "'", "''") + "'"
	case v == V3 && l.kind == KindDateTime:
		return "datetime'" + l.text + "'"
	case v == V3 && l.kind == KindGUID:
		return "guid'" + l.text + "'"
	}
	return l.text
}

// key is what follows a name; empty for no key.
func (v Version) key(k *Key) string {
	switch {
	case k == nil:
		return ""
	case len(k.Parts) == 0:
		return "(" + v.literal(k.Value) + ")"
	}
	var parts []string
	for _, name := range k.names() {
		parts = append(parts, name+"="+v.literal(k.Parts[name]))
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// path is escaped; k, if there is one, is that of an entity of the last set.
func (v Version) path(way EntitySet, k *Key) string {
	var b strings.Builder
	for _, s := range way {
		b.WriteString("/" + escapeSegment(s.Name+v.key(s.Key)))
	}
	b.WriteString(escapeSegment(v.key(k)))
	return b.String()
}

// filter is an expression in which everything composed stands in parentheses, so that no precedence matters.
func (v Version) filter(f Filter) string {
	switch {
	case f.Not != nil:
		return "not (" + v.filter(*f.Not) + ")"
	case f.And != nil:
		return v.joined(f.And, " and ")
	case f.Or != nil:
		return v.joined(f.Or, " or ")
	}
	switch f.Op {
	case In: // the operator of this name is younger than 4.0
		any := make([]Filter, len(f.Values))
		for i, l := range f.Values {
			any[i] = Filter{Field: f.Field, Op: Equal, Value: l}
		}
		return v.joined(any, " or ")
	case Contains:
		if v == V3 {
			return "substringof(" + v.literal(f.Value) + "," + string(f.Field) + ")"
		}
		return v.call(f)
	case StartsWith, EndsWith:
		return v.call(f)
	default:
		return string(f.Field) + " " + string(f.Op) + " " + v.literal(f.Value)
	}
}

func (v Version) call(f Filter) string {
	return string(f.Op) + "(" + string(f.Field) + "," + v.literal(f.Value) + ")"
}

func (v Version) joined(all []Filter, by string) string {
	terms := make([]string, len(all))
	for i, f := range all {
		terms[i] = v.filter(f)
	}
	return "(" + strings.Join(terms, by) + ")"
}

// escapeQuery escapes a value of the query. A space becomes %20: OData reads a plus as a plus.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// plain are characters that services and people like to see as they are, and that mean nothing in a path.
var plain = strings.NewReplacer("%28", "(", "%29", ")", "%27", "'", "%2C", ",")

func escapeSegment(s string) string { return plain.Replace(url.PathEscape(s)) }
