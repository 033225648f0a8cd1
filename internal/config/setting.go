package config

import (
	"reflect"
	"slices"
	"strings"

	"holdfast/internal/secret"
)

// EnvPrefix begins the name of every environment variable of ours.
const EnvPrefix = "HOLDFAST_"

// EnvConfig names the environment variable that gives the path of the YAML file.
const EnvConfig = EnvPrefix + "CONFIG"

// setting is one leaf of a Config.
type setting struct {
	path   string // vault.auth.role_id
	tag    reflect.StructTag
	target reflect.Value // the field
}

func (s setting) env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "_"))
}

func (s setting) flag() string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(s.path)
}

func (s setting) alias() string { return s.tag.Get("alias") }
func (s setting) help() string  { return s.tag.Get("help") }
func (s setting) common() bool  { return s.tag.Get("common") != "" }

func (s setting) secret() bool {
	_, ok := s.target.Interface().(secret.Value)
	return ok
}

func (s setting) list() bool { return s.target.Kind() == reflect.Slice }

// settings lists the leaves of c in the order of its fields.
func settings(c *Config) []setting {
	return leaves("", reflect.ValueOf(c).Elem())
}

func leaves(prefix string, section reflect.Value) []setting {
	var all []setting
	for i := range section.NumField() {
		field := section.Type().Field(i)
		path := prefix + field.Tag.Get("yaml")
		if isSection(field.Type) {
			all = append(all, leaves(path+".", section.Field(i))...)
			continue
		}
		all = append(all, setting{path: path, tag: field.Tag, target: section.Field(i)})
	}
	return all
}

func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[secret.Value]()
}

// byPath finds a setting; ok is false for a section and for what does not exist.
func byPath(all []setting, path string) (setting, bool) {
	i := slices.IndexFunc(all, func(s setting) bool { return s.path == path })
	if i < 0 {
		return setting{}, false
	}
	return all[i], true
}
