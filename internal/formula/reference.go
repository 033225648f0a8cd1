package formula

import (
	"slices"
	"strings"
	"unicode"
)

// Bounds of names, as the OData connector has them, so that every field can be asked of a service.
const (
	maxName  = 128
	maxNames = 8
)

// notFields are words that services read as values.
var notFields = []string{"null", "true", "false", "not", "nan", "inf"}

const (
	user          = "$User"
	model         = "$Model"
	permissionSet = "appPermissions"
)

// setParts are what a permission set tells.
var setParts = []string{"id", "ntx_asset_id", "name"}

// parseReference reads what stands between {{ and }}. An error says how far into it the mistake is.
func parseReference(inner string) (r *reference, mistake int, err error) {
	trimmed := strings.TrimLeftFunc(inner, unicode.IsSpace)
	begin := len(inner) - len(trimmed)
	root, rest, dotted := strings.Cut(strings.TrimRightFunc(trimmed, unicode.IsSpace), ".")
	switch root {
	case model:
		r, mistake, err = parseField(rest)
	case user:
		r, mistake, err = parseUser(rest)
	default:
		if near := closest(root, []string{user, model}); near != "" {
			return nil, begin, failf("there is no {{%s…}}; did you mean {{%s.…}}?", short(root), near)
		}
		return nil, begin, failf("a reference begins with $User or $Model: {{$User.region}}, {{$Model.Region}}")
	}
	if dotted {
		begin++
	}
	return r, begin + len(root) + mistake, err
}

func parseField(path string) (*reference, int, error) {
	names := strings.Split(path, "/")
	if len(names) > maxNames {
		return nil, 0, failf("a field is at most %d names joined by /", maxNames)
	}
	at := 0
	for _, name := range names {
		if why := checkField(name); why != nil {
			return nil, at, why
		}
		at += len(name) + 1
	}
	return &reference{source: modelField, name: path}, 0, nil
}

// checkField tells whether s is an OData identifier (OData 4.01 ABNF, odataIdentifier).
func checkField(name string) error {
	n := 0
	for _, r := range name {
		letter := r == '_' || unicode.In(r, unicode.L, unicode.Nl)
		if n++; !letter && (n == 1 || !unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc)) {
			if r == '.' {
				return failf("a field inside of another is joined by a slash: {{$Model.Author/Title}}")
			}
			return failf("a field is letters, digits and _, and does not begin with a digit")
		}
	}
	switch {
	case n == 0:
		return failf("the field is missing: {{$Model.Region}}")
	case n > maxName:
		return failf("a field's name has at most %d characters", maxName)
	case slices.Contains(notFields, strings.ToLower(name)):
		return failf("no field can be called %s", name)
	}
	return nil
}

func parseUser(rest string) (*reference, int, error) {
	name, more, dotted := strings.Cut(rest, ".")
	switch {
	case name == permissionSet:
		r, at, err := parseSet(more)
		return r, len(name) + 1 + at, err
	case dotted:
		if near := closest(name, []string{permissionSet}); near != "" {
			return nil, 0, failf("there is no %s; did you mean %s?", short(name), near)
		}
		return nil, len(name), failf("a user's attribute is one name: {{$User.region}}")
	}
	for at, r := range name {
		if r != '_' && r != '-' && !unicode.In(r, unicode.L, unicode.Nd, unicode.Mn, unicode.Mc) {
			return nil, at, failf("an attribute's name is letters, digits, _ and -")
		}
	}
	switch {
	case name == "":
		return nil, 0, failf("the attribute is missing: {{$User.region}}")
	case len(name) > maxName:
		return nil, 0, failf("an attribute's name has at most %d bytes", maxName)
	}
	return &reference{source: userAttribute, name: name}, 0, nil
}

func parseSet(rest string) (*reference, int, error) {
	id, part, _ := strings.Cut(rest, ".")
	switch {
	case id == "":
		return nil, 0, failf("the permission set is missing: {{$User.appPermissions.<id or ntx_asset_id>.id}}")
	case len(id) > maxName || strings.ContainsFunc(id, notOfID):
		return nil, 0, failf("a permission set's id is letters without accents, digits, _, = and -, at most %d of them", maxName)
	case !slices.Contains(setParts, part):
		if near := closest(part, setParts); near != "" {
			return nil, len(id) + 1, failf("a permission set has no %s; did you mean %s?", short(part), near)
		}
		return nil, len(id), failf("a permission set tells its %s: {{$User.appPermissions.%s.id}}", list(setParts), id)
	}
	return &reference{source: userSet, name: id, part: part}, 0, nil
}

func notOfID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("_=-", r)
}
