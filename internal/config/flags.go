package config

import (
	"reflect"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Flags holds what was given on the command line until Load puts it above all else.
type Flags struct{ values map[string]*flagValue }

// flagValue keeps a flag's text as it was given; Load reads it, so that mistakes look alike everywhere.
type flagValue struct {
	setting setting
	name    string
	text    string
	given   bool
}

// BindFlags adds one flag for each setting that is no secret. Only those marked as common show up in a
// command's help; holdfast help settings lists all.
func BindFlags(fs *pflag.FlagSet) *Flags {
	flags := &Flags{values: make(map[string]*flagValue)}
	for _, s := range settings(&newLoader().loaded.Config) {
		if s.secret() {
			continue
		}
		v := &flagValue{setting: s, name: s.flag()}
		flags.values[s.path] = v
		f := fs.VarPF(v, v.name, "", s.help())
		f.DefValue = s.text()
		f.Hidden = !s.common()
		f.NoOptDefVal = noOption(s)
	}
	return flags
}

// Alias adds a second, shorter flag for a setting, shown in help and named where its value is wrong.
func (f *Flags) Alias(fs *pflag.FlagSet, path, name string) {
	v, ok := f.values[path]
	if !ok {
		panic("config: no setting " + path)
	}
	v.name = name
	fs.VarPF(v, name, "", v.setting.help()).NoOptDefVal = noOption(v.setting)
}

func noOption(s setting) string {
	if s.target.Kind() == reflect.Bool {
		return "true"
	}
	return ""
}

func (l *loader) readFlags(f *Flags) {
	if f == nil {
		return
	}
	for _, s := range l.settings {
		if v := f.values[s.path]; v != nil && v.given {
			l.apply(s, Origin{From: "flag", Place: "--" + v.name}, v.text)
		}
	}
}

// Set keeps the text; a list's flag may be given again to add to it.
func (v *flagValue) Set(text string) error {
	if v.given && v.setting.list() {
		text = strings.Join([]string{v.text, text}, ",")
	}
	v.text, v.given = text, true
	return nil
}

// String is the text that was given.
func (v *flagValue) String() string { return v.text }

// Type is what help shows for the value.
func (v *flagValue) Type() string { return v.setting.kind() }

// kind is the setting's type in a word for people.
func (s setting) kind() string {
	switch s.target.Interface().(type) {
	case time.Duration:
		return "duration"
	case []string:
		return "list"
	case float64:
		return "number"
	case int:
		return "int"
	case bool:
		return "bool"
	default:
		return "string"
	}
}
