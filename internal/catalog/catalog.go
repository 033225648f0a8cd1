package catalog

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/fault"
)

//go:embed types/*.yaml
var builtin embed.FS

// Catalog is a set of connection types. It does not change once it is made.
type Catalog struct {
	byName map[string]*Type
	all    []*Type // by name
}

// Builtin is the catalog of the built-in types. An error is a defect of ours.
func Builtin() (*Catalog, error) {
	types, problems := readAll(builtin, "types", "types")
	for _, t := range types {
		t.From = ""
	}
	return made(types, problems)
}

// Load is the built-in types and those of a folder (*.yaml and *.yml, not below it); an empty dir is none. What is
// wrong with the files is an *Error with all of it.
func Load(dir string) (*Catalog, error) {
	c, err := Builtin()
	if err != nil || dir == "" {
		return c, err
	}
	more, err := ReadDir(dir)
	if err != nil {
		return nil, err
	}
	return c.With(more)
}

// ReadDir reads the types of a folder alone.
func ReadDir(dir string) ([]*Type, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, &Error{[]Problem{{Place: dir, Text: "the folder of connection types can not be read"}}}
	}
	types, problems := readAll(os.DirFS(dir), ".", dir)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return types, nil
}

// ReadFile reads the type of one file.
func ReadFile(path string) (*Type, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{[]Problem{{Place: path, Text: "the file can not be read"}}}
	}
	t, problems := read(path, raw)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return t, nil
}

// readAll reads the folder of a file system; shown is what the folder is called in problems.
func readAll(from fs.FS, folder, shown string) (types []*Type, problems []Problem) {
	entries, err := fs.ReadDir(from, folder)
	if err != nil {
		return nil, []Problem{{Place: shown, Text: "the folder of connection types can not be read"}}
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		name := filepath.Join(shown, e.Name())
		raw, err := fs.ReadFile(from, strings.TrimPrefix(folder+"/"+e.Name(), "./"))
		if err != nil {
			problems = append(problems, Problem{Place: name, Text: "the file can not be read"})
			continue
		}
		t, wrong := read(name, raw)
		problems = append(problems, wrong...)
		if t != nil {
			types = append(types, t)
		}
	}
	return types, problems
}

// With is the catalog and more types. One that has the name of another is refused, unless it says that it
// replaces it.
func (c *Catalog) With(more []*Type) (*Catalog, error) {
	var problems []Problem
	all := slices.Clone(c.all)
	for _, t := range more {
		_, known := c.byName[t.Name]
		switch {
		case known && t.Replaces == "":
			problems = append(problems, Problem{Place: t.From, Key: "name",
				Text: fmt.Sprintf("%s is built in; a file that takes its place says so: \"replaces: %s\"", t.Name, t.Name)})
		case !known && t.Replaces != "":
			problems = append(problems, Problem{Place: t.From, Key: "replaces", Text: "there is no built-in type of this name"})
		case known:
			all = slices.DeleteFunc(all, func(old *Type) bool { return old.Name == t.Name && old.From == "" })
		}
		all = append(all, t)
	}
	return made(all, problems)
}

func made(types []*Type, problems []Problem) (*Catalog, error) {
	c := &Catalog{byName: make(map[string]*Type, len(types)), all: types}
	for _, t := range types {
		if other, twice := c.byName[t.Name]; twice && len(problems) == 0 {
			problems = append(problems, Problem{Place: t.From, Key: "name", Text: "the type is also described in " + other.From})
		}
		c.byName[t.Name] = t
	}
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	slices.SortFunc(c.all, func(a, b *Type) int { return strings.Compare(a.Name, b.Name) })
	return c, nil
}

// Lookup finds a type by its name.
func (c *Catalog) Lookup(name string) (*Type, bool) {
	t, ok := c.byName[name]
	return t, ok
}

// All lists the types by name.
func (c *Catalog) All() []*Type { return slices.Clone(c.all) }

// Check looks a connection's type up and checks the connection by it.
func (c *Catalog) Check(con events.Connection) *fault.Fault {
	t, ok := c.Lookup(con.Type)
	if !ok {
		return Unknown()
	}
	return t.Check(con)
}

// Unknown is the fault of a connection whose type is not in the catalog.
func Unknown() *fault.Fault {
	return fault.New(fault.SettingsInvalid, "this connection type is not in the catalog").WithField("/data/type").
		WithHint("holdfast types list")
}

// Problems lists what is wrong with types' files; nil for another error.
func Problems(err error) []Problem {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problems
	}
	return nil
}
