package config

import (
	"errors"
	"fmt"
	"os"
)

// Options says where settings come from.
type Options struct {
	// Path is the YAML file; empty: EnvConfig's, and without that none.
	Path string
	// Environ is the environment as os.Environ gives it.
	Environ []string
	// Flags are the flags bound with BindFlags; nil: none.
	Flags *Flags
	// Vault is true where Vault is going to be used: what its login needs must be there then.
	Vault bool
}

// Loaded is a Config together with where each of its values came from.
type Loaded struct {
	Config

	// File is the YAML file that was read; empty: none.
	File string

	origins map[string]Origin
}

// Origin is where a value came from.
type Origin struct {
	From  string // default, file, env or flag
	Place string // file:line:column, the variable, the flag; empty for defaults
}

// loader collects values and mistakes on the way from the defaults to the last flag.
type loader struct {
	loaded   *Loaded
	settings []setting
	problems []Problem
}

// Load reads all settings. Its error is an *Error with every mistake found, or says that the file can not
// be read.
func Load(o Options) (*Loaded, error) {
	l := newLoader()
	env := environment(o.Environ)
	l.loaded.File = o.Path
	if l.loaded.File == "" {
		l.loaded.File = env[EnvConfig]
	}
	if err := l.readFile(l.loaded.File); err != nil {
		return nil, err
	}
	l.readEnv(env)
	l.readFlags(o.Flags)
	l.readSecretFiles()
	if len(l.problems) == 0 {
		l.validate(o.Vault)
	}
	if len(l.problems) > 0 {
		return nil, &Error{l.problems}
	}
	return l.loaded, nil
}

func newLoader() *loader {
	l := &loader{loaded: &Loaded{origins: make(map[string]Origin)}}
	l.settings = settings(&l.loaded.Config)
	for _, s := range l.settings {
		if text := s.tag.Get("default"); text != "" {
			l.apply(s, Origin{From: "default"}, text)
		}
	}
	return l
}

// Default is the configuration where nobody sets anything.
func Default() Config { return newLoader().loaded.Config }

func (l *loader) apply(s setting, from Origin, text string) {
	if err := s.set(text); err != nil {
		l.problem(from.Place, s.path, err.Error(), "")
		return
	}
	l.loaded.origins[s.path] = from
}

func (l *loader) problem(place, key, text, hint string) {
	l.problems = append(l.problems, Problem{Place: place, Key: key, Text: text, Hint: hint})
}

func (l *loader) readFile(path string) error {
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return &Error{[]Problem{{Place: path, Text: "the configuration file can not be read: " + cause(err),
			Hint: "give its path with --config or " + EnvConfig}}}
	}
	l.readYAML(path, raw)
	return nil
}

// cause is what went wrong without the operation and path that *os.PathError repeats.
func cause(err error) string {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Sprint(pe.Err)
	}
	return err.Error()
}
