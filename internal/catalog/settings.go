package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"holdfast/internal/fault"
)

// values are a connection's settings as their type reads them.
type values struct {
	given map[string]any    // those that the connection has, and defaults
	text  map[string]string // the same, as templates write them
}

// read checks a connection's settings and adds defaults.
func (t *Type) read(document json.RawMessage) (values, *fault.Fault) {
	v := values{given: make(map[string]any), text: make(map[string]string)}
	if len(document) > 0 {
		d := json.NewDecoder(bytes.NewReader(document))
		d.UseNumber()
		if err := d.Decode(&v.given); err != nil {
			return v, fault.Wrap(fault.SettingsInvalid, "the settings are no JSON object", err).WithField("/data/settings")
		}
	}
	if f := t.unknown(v.given); f != nil {
		return v, f
	}
	for _, s := range t.Settings {
		value, ok := v.given[s.Name]
		switch {
		case ok && s.Secret:
			return v, wrongSetting(s.Name, "the setting is a secret: it belongs into Vault, and into no event")
		case s.Secret:
			continue
		case !ok && s.Default != nil:
			value = s.Default
			v.given[s.Name] = value
		case !ok && s.Required:
			return v, wrongSetting(s.Name, s.Name+" is missing")
		case !ok:
			continue
		default:
			if why := t.misfit(s, value); why != "" {
				return v, wrongSetting(s.Name, s.Name+" "+why)
			}
		}
		v.text[s.Name] = asText(value)
	}
	return v, nil
}

// unknown names the first setting, by its name, that the type does not have.
func (t *Type) unknown(given map[string]any) *fault.Fault {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(t.Settings, func(s Setting) bool { return s.Name == name }) {
			return wrongSetting(name, "the connection type has no such setting").
				WithHint("holdfast types show " + t.Name)
		}
	}
	return nil
}

func wrongSetting(name, detail string) *fault.Fault {
	return fault.New(fault.SettingsInvalid, detail).WithField("/data/settings/" + escape(name))
}

// misfit says what a setting's value should be and is not; the value itself is not repeated.
func (t *Type) misfit(s Setting, value any) string {
	switch s.Type {
	case "string":
		text, ok := value.(string)
		switch re := t.patterns[s.Name]; {
		case !ok:
			return "wants a string"
		case s.Required && text == "":
			return "is empty"
		case re != nil && !re.MatchString(text):
			return "wants to match " + s.Pattern
		}
	case "integer":
		return unless(isInteger(value), "wants an integer")
	case "boolean":
		_, ok := value.(bool)
		return unless(ok, "wants true or false")
	default:
		return listMisfit(s, value)
	}
	return ""
}

func listMisfit(s Setting, value any) string {
	items, ok := value.([]any)
	if !ok {
		return "wants a list"
	}
	for _, item := range items {
		_, isText := item.(string)
		if s.Items == "integer" && !isInteger(item) || s.Items != "integer" && !isText {
			return "wants a list of " + map[bool]string{true: "integers", false: "strings"}[s.Items == "integer"]
		}
	}
	return ""
}

// isInteger tells whether a number, of an event or of a type's file, is a whole one.
func isInteger(value any) bool {
	switch n := value.(type) {
	case json.Number:
		_, err := n.Int64()
		return err == nil
	case float64:
		return n == float64(int64(n))
	default:
		return false
	}
}

func asText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatInt(int64(v), 10)
	default:
		return fmt.Sprint(v)
	}
}
