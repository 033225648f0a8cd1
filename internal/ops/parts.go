package ops

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"holdfast/events"
)

// Parts of a connection as people write them.

// ParseAvailability reads tenant, site-collection:ID or site:ID.
func ParseAvailability(text string) (events.Availability, error) {
	level, id, _ := strings.Cut(text, ":")
	switch level = strings.ReplaceAll(level, "-", "_"); {
	case level == "tenant" && id == "":
		return events.Availability{Level: level}, nil
	case level == "site_collection" && events.ValidID(id):
		return events.Availability{Level: level, SiteCollection: id}, nil
	case level == "site" && events.ValidID(id):
		return events.Availability{Level: level, Site: id}, nil
	default:
		return events.Availability{}, problem(Unclear, "", "availability is tenant, site-collection:ID or site:ID")
	}
}

// ParseEnd reads when something ends: a day (its end, UTC), or a time in RFC 3339. Empty: it does not end.
func ParseEnd(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no end is an answer
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		end := day.Add(24*time.Hour - time.Second)
		return &end, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, problem(Unclear, "", "an end is a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z")
	}
	t = t.UTC()
	return &t, nil
}

// SetMembers puts members into a document: name=value, where a value that is a JSON number, boolean, list or
// object is that, and everything else is text, and so is what text (may be nil) says is; name= takes the member
// away. Names may have parts: a.b=c.
func SetMembers(document json.RawMessage, pairs []string, text func(name string) bool) (json.RawMessage, error) {
	all := make(map[string]any)
	if len(document) > 0 {
		dec := json.NewDecoder(bytes.NewReader(document))
		dec.UseNumber()
		if err := dec.Decode(&all); err != nil {
			return nil, problem(Unclear, "", "what is to be changed is no JSON object")
		}
	}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, problem(Unclear, "", "a setting is name=value")
		}
		as := member
		if text != nil && text(name) {
			as = func(value string) any { return value }
		}
		if err := setMember(all, strings.Split(name, "."), value, as); err != nil {
			return nil, err
		}
	}
	return events.Marshal(all)
}

func setMember(in map[string]any, path []string, value string, as func(string) any) error {
	for ; len(path) > 1; path = path[1:] {
		inner, ok := in[path[0]].(map[string]any)
		if _, there := in[path[0]]; there && !ok {
			return problem(Unclear, "", "%s has no members", path[0])
		}
		if !ok {
			inner = make(map[string]any)
			in[path[0]] = inner
		}
		in = inner
	}
	if value == "" {
		delete(in, path[0])
	} else {
		in[path[0]] = as(value)
	}
	return nil
}

// member is a value as it is meant.
func member(value string) any {
	dec := json.NewDecoder(strings.NewReader(value))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.More() {
		return value
	}
	if _, text := v.(string); text || v == nil {
		return value
	}
	return v
}

// ParseConnection reads a whole connection from YAML or JSON, as connection.created carries it. Members that
// there are none of are refused by name.
func ParseConnection(raw []byte, into *events.Connection) error {
	return ParseDocument(raw, into, "the connection",
		"its members are those of schemas/connection.created.v1.json; credentials go to Vault, never into this file")
}

// ParseDocument reads YAML or JSON by the JSON names of into's members; others are refused by name. what is the
// document for people, hint where its members are told. No error repeats a value.
func ParseDocument(raw []byte, into any, what, hint string) error {
	document := raw
	if !json.Valid(raw) {
		var err error
		if document, err = yaml.YAMLToJSON(raw); err != nil {
			return problem(Unclear, "", "%s is neither YAML nor JSON", what) // the library's text repeats the source
		}
	}
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return problem(Unclear, hint, "%s can not be read: %s", what, unreadable(err))
	}
	return nil
}

// unreadable says what is wrong with a document without the value that is wrong.
func unreadable(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return wrong.Field + " is of the wrong kind"
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "it has no member " + name
	}
	return "a value is of the wrong kind"
}

// ConnectionYAML is a connection for people to edit: everything but who changed it last, and on what that is
// based.
func ConnectionYAML(c events.Connection) ([]byte, error) {
	c.Tenant, c.BasedOn, c.Actor = "", 0, ""
	raw, err := events.Marshal(c)
	if err != nil {
		return nil, err
	}
	document, err := yaml.JSONToYAML(raw)
	return bytes.ReplaceAll(document, []byte("actor: \"\"\n"), nil), err
}
