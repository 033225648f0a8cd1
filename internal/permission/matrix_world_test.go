package permission_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"holdfast/events"
)

// yamlWorld is a world as product people write it; see testdata/README.md.
type yamlWorld struct {
	Users          map[string]map[string]any `yaml:"users"` // attributes; name is the directory's own
	Removed        []string                  `yaml:"removed"`
	Groups         map[string][]string       `yaml:"groups"`
	Administrators []string                  `yaml:"administrators"`
	Sets           map[string]YamlSet        `yaml:"sets"`
	Assigned       map[string][]string       `yaml:"assigned"`     // set → a user, "group clerks", "the public"
	AssignedOld    map[string][]string       `yaml:"assigned_old"` // before the set was deleted and made again
	SiteSets       map[string]string         `yaml:"site_sets"`    // user → set
	SiteSetsOld    map[string]string         `yaml:"site_sets_old"`
	Open           []string                  `yaml:"open_to_the_public"`
	Closed         []string                  `yaml:"closed_to_the_public"` // were open once
}

type YamlSet struct {
	App         string                    `yaml:"app"`
	Asset       string                    `yaml:"asset"`
	Name        string                    `yaml:"name"`
	Site        bool                      `yaml:"site"`
	ClonedFrom  string                    `yaml:"cloned_from"`
	Workspaces  []string                  `yaml:"workspaces"`
	Configures  []string                  `yaml:"configures"` // site, self
	Apps        []string                  `yaml:"apps"`
	DefaultApp  string                    `yaml:"default_app"`
	LandOnLast  bool                      `yaml:"land_on_last_visited"`
	Connections map[string]yamlConnection `yaml:"connections"`
}

// yamlConnection is "whole" (no rules for objects), or what is granted of it.
type yamlConnection struct {
	whole   bool
	Raw     bool                  `yaml:"raw"`
	Objects map[string]yamlObject `yaml:"objects"`
}

func (c *yamlConnection) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		c.whole = word == "whole"
		if !c.whole {
			return fmt.Errorf("a connection is whole, or has raw and objects, and this is %q", word)
		}
		return nil
	}
	type plain yamlConnection
	return decode((*plain)(c))
}

type yamlObject struct {
	May   []events.DataOp      `yaml:"may"`
	Read  []string             `yaml:"read"`
	Write []string             `yaml:"write"`
	Named []string             `yaml:"named"` // neither read nor written: out of what * stands for
	Shown map[string]yamlShown `yaml:"shown"`
	Only  []yamlCondition      `yaml:"only"`
	Force map[string]string    `yaml:"force"` // field → formula
}

type yamlShown struct {
	As    string `yaml:"as"`
	Type  string `yaml:"type"`
	Usage string `yaml:"usage"`
}

type yamlCondition struct {
	Name  string `yaml:"name"`
	Holds string `yaml:"holds"` // another set
	Where string `yaml:"where"` // a formula
}

// world makes the world of it.
func (y yamlWorld) world() *world {
	w := newWorld()
	for id, attributes := range y.Users {
		u := user{attributes: make(map[string]any)}
		for name, v := range attributes {
			if u.attributes[name] = v; name == "name" {
				u.name, _ = v.(string)
				delete(u.attributes, name)
			}
		}
		w.users[id] = u
	}
	for _, id := range y.Removed {
		w.users[id] = user{removed: true}
	}
	w.groups, w.admins = y.Groups, y.Administrators
	for id, s := range y.Sets {
		w.sets[id] = madeSet{s.set(id), made}
	}
	for _, id := range []string{events.SystemSetAdmin, events.SystemSetStandard, events.SystemSetPublic} {
		if s, ok := w.sets[id]; ok { // changed: it was there from the start
			s.Created = 0
			w.sets[id] = s
		}
	}
	w.give(y.Assigned, assigned)
	w.give(y.AssignedOld, made-1)
	for u, set := range y.SiteSets {
		w.site[u] = siteOf{set, assigned}
	}
	for u, set := range y.SiteSetsOld {
		w.site[u] = siteOf{set, made - 1}
	}
	for _, app := range y.Open {
		w.open[app] = true
	}
	for _, app := range y.Closed {
		w.open[app] = false
	}
	return w
}

func (w *world) give(all map[string][]string, at uint64) {
	for set, to := range sorted(all) {
		for _, who := range to {
			w.given = append(w.given, given{assignmentOf(set, who), at})
		}
	}
}

func assignmentOf(set, who string) events.PermissionAssignment {
	a := events.PermissionAssignment{Set: set}
	group, isGroup := strings.CutPrefix(who, "group ")
	switch {
	case who == "the public":
		a.Public = true
	case isGroup:
		a.Group = group
	default:
		a.User = who
	}
	return a
}

func (y YamlSet) set(id string) events.PermissionSet {
	s := events.PermissionSet{ID: id, AssetID: y.Asset, Kind: events.AppSet, Name: y.Name, App: y.App, ClonedFrom: y.ClonedFrom,
		Workspaces: y.Workspaces, Actor: "system"}
	if y.Site {
		s.Kind = events.SiteSet
		s.Site = &events.SiteRights{Apps: y.Apps, DefaultApp: y.DefaultApp, LandOnLast: y.LandOnLast,
			ConfigureSite: slices.Contains(y.Configures, "site"), ConfigureSelf: slices.Contains(y.Configures, "self")}
	}
	for name, c := range sorted(y.Connections) {
		g := events.ConnectionGrant{Connection: name, Raw: c.Raw}
		if !c.whole {
			g.Objects = []events.ObjectGrant{}
		}
		for object, o := range sorted(c.Objects) {
			g.Objects = append(g.Objects, o.grant(object))
		}
		s.Connections = append(s.Connections, g)
	}
	return s
}

func (y yamlObject) grant(object string) events.ObjectGrant {
	g := events.ObjectGrant{Object: object, Operations: y.May}
	fields := slices.Concat(y.Read, y.Write, y.Named)
	for name := range y.Shown {
		fields = append(fields, name)
	}
	slices.Sort(fields)
	for _, f := range slices.Compact(fields) {
		granted := func(list []string) bool {
			return slices.Contains(list, f) || slices.Contains(list, events.Any) && !slices.Contains(y.Named, f) && !strings.Contains(f, "/")
		}
		g.Fields = append(g.Fields, events.FieldGrant{Field: f, Read: granted(y.Read), Write: granted(y.Write),
			DisplayName: y.Shown[f].As, Type: y.Shown[f].Type, Usage: y.Shown[f].Usage})
	}
	for _, c := range y.Only {
		g.Conditions = append(g.Conditions, events.Condition{Name: c.Name, HasSet: c.Holds, Formula: c.Where})
	}
	for field, value := range sorted(y.Force) {
		g.Conditions = append(g.Conditions, events.Condition{Force: &events.ForcedValue{Field: field, Value: value}})
	}
	return g
}

// recordOf is a record as connectors decode it: numbers as they are written.
func recordOf(y map[string]any) record {
	if y == nil {
		return nil
	}
	r := record{}
	for name, v := range y {
		switch v.(type) {
		case int, int64, uint64, float64:
			r[name] = json.Number(fmt.Sprint(v))
		default:
			r[name] = v
		}
	}
	return r
}
