package ops

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/internal/credential"
	"holdfast/internal/secret"
)

// SecretFields are the fields of a connection's secret in Vault.
type SecretFields map[string]secret.Value

// ParseSecret reads what was given for a secret of some fields: a JSON object of its fields, or a single value, which
// is the one field that has not been given otherwise. One line break at the end of a single value is its file's,
// not its own. No error repeats anything of raw but names of fields.
func ParseSecret(raw []byte, of []credential.Field, given SecretFields) (SecretFields, error) {
	all := make(SecretFields, len(given)+1)
	for name, v := range given {
		all[name] = v
	}
	if !utf8.Valid(raw) {
		return nil, problem(Unclear, "", "the secret is no text in UTF-8")
	}
	if text := bytes.TrimSpace(raw); len(text) > 0 && text[0] == '{' {
		return all, parseObject(text, of, all)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	name := oneMissing(of, all)
	switch {
	case value == "":
		return nil, problem(Unclear, "", "the secret is empty")
	case name == "":
		return nil, problem(Unclear, "", "a single value is not enough: give a JSON object with %s", names(of))
	}
	all[name] = secret.New(value)
	return all, nil
}

func parseObject(text []byte, of []credential.Field, into SecretFields) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return problem(Unclear, "", "the secret begins like a JSON object and is none")
	}
	for name, raw := range members {
		if !slices.ContainsFunc(of, func(f credential.Field) bool { return f.Name == name }) {
			return problem(Unclear, "", "the secret has no field %q: it has %s", name, names(of))
		}
		value, ok := scalarText(raw)
		if !ok {
			return problem(Unclear, "", "the field %s is no text", name)
		}
		into[name] = secret.New(value)
	}
	return nil
}

// scalarText is a JSON string's text, a number's or a boolean's own, and a list as it is: null and objects are
// no values of a field.
func scalarText(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err == nil
	case '{', 'n':
		return "", false
	default:
		return string(raw), true
	}
}

// oneMissing is the one secret field that a single value can only be; empty where there are several.
func oneMissing(of []credential.Field, given SecretFields) string {
	var needed, optional []string
	for _, f := range of {
		switch _, ok := given[f.Name]; {
		case ok, f.Optional && (f.Public || f.Text):
		case f.Optional:
			optional = append(optional, f.Name)
		default:
			needed = append(needed, f.Name)
		}
	}
	switch {
	case len(needed) == 1:
		return needed[0]
	case len(needed) == 0 && len(optional) == 1:
		return optional[0]
	default:
		return ""
	}
}

// Missing are those of the fields that are needed and nobody gave. A client id that the connection names counts.
func (s SecretFields) Missing(of []credential.Field, clientID string) []credential.Field {
	var missing []credential.Field
	for _, f := range of {
		needed := !f.Optional || f.Name == "client_id" && clientID == ""
		if f.Name == "client_secret" && s.has("client_secrets") {
			needed = false
		}
		if needed && !s.has(f.Name) {
			missing = append(missing, f)
		}
	}
	return missing
}

func (s SecretFields) has(name string) bool {
	v, ok := s[name]
	return ok && !v.Empty()
}

// names lists fields for people.
func names(fields []credential.Field) string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return strings.Join(all, ", ")
}
