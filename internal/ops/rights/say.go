package rights

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast/events"
	"holdfast/internal/permission"
)

// say is what a set grants, in words: a line for each thing, what belongs to it indented below.
func say(set *permission.Set) (lines []string) {
	if set.Site != nil {
		lines = append(lines, saySite(*set.Site)...)
	}
	if len(set.Workspaces) > 0 {
		lines = append(lines, "lets into the workspaces "+strings.Join(set.Workspaces, ", "))
	}
	for _, c := range set.Connections {
		lines = append(lines, sayConnection(c, set.Kind)...)
	}
	if len(set.Connections) == 0 {
		lines = append(lines, "no connection")
	}
	return lines
}

func saySite(s events.SiteRights) (lines []string) {
	tell := func(so bool, text string) {
		if so {
			lines = append(lines, text)
		}
	}
	tell(s.ConfigureSite, "configures the site: permission sets, apps, others' connections")
	tell(s.ConfigureSelf, "configures own settings: credentials of own connections")
	tell(!s.ConfigureSelf && !s.ConfigureSite, "may not change credentials of own connections")
	tell(len(s.Apps) > 0, "allows the apps "+strings.Join(s.Apps, ", ")+" (deprecated: holdfast permissions migrate)")
	tell(s.DefaultApp != "", "users land in "+s.DefaultApp)
	tell(s.LandOnLast, "else in the app that they visited last")
	return lines
}

func sayConnection(c events.ConnectionGrant, kind events.SetKind) (lines []string) {
	head := "connection " + c.Connection
	switch {
	case c.Objects == nil && kind == events.SiteSet:
		return []string{head + ": everything, for want of rules for its objects (deprecated)"}
	case c.Raw:
		head += ", also for actions without records"
	case len(c.Objects) == 0:
		head += ": none of its objects, and no actions without records"
	}
	lines = append(lines, head)
	for _, o := range c.Objects {
		for _, line := range sayObject(o) {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// all names everything that is not named.
func all(name, rest string) string {
	if name == events.Any {
		return rest
	}
	return name
}

func sayObject(o events.ObjectGrant) []string {
	lines := []string{all(o.Object, "every other object") + ": " + joined(o.Operations)}
	read, write, none := sayFields(o.Fields)
	for _, part := range []struct {
		does   string
		fields []string
	}{{"reads ", read}, {"writes ", write}, {"neither reads nor writes ", none}} {
		if len(part.fields) > 0 {
			lines = append(lines, "  "+part.does+strings.Join(part.fields, ", "))
		}
	}
	if len(read)+len(write) == 0 {
		lines = append(lines, "  no field")
	}
	for _, c := range o.Conditions {
		lines = append(lines, "  "+sayCondition(c))
	}
	for _, f := range o.Fields {
		if line := sayShown(f); line != "" {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

func sayFields(fields []events.FieldGrant) (read, write, none []string) {
	for _, f := range fields {
		name := all(f.Field, "every other field")
		if f.Read {
			read = append(read, name)
		}
		if f.Write {
			write = append(write, name)
		}
		if !f.Read && !f.Write && f.Field != events.Any {
			none = append(none, name)
		}
	}
	return read, write, none
}

func sayCondition(c events.Condition) string {
	var text string
	switch {
	case c.HasSet != "":
		text = "for whoever also holds the set " + c.HasSet
	case c.Force != nil:
		text = "forces " + c.Force.Field + " to " + c.Force.Value
	default:
		text = "where " + c.Formula
	}
	if c.Name != "" {
		text += " (" + c.Name + ")"
	}
	return text
}

func sayShown(f events.FieldGrant) string {
	var parts []string
	for _, p := range []struct{ text, value string }{{"as ", f.DisplayName}, {"of type ", f.Type}, {"for use as ", f.Usage}} {
		if p.value != "" {
			parts = append(parts, p.text+strconv.Quote(p.value))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("shows %s %s", all(f.Field, "every other field"), strings.Join(parts, ", "))
}

func joined[T ~string](all []T) string {
	texts := make([]string, 0, len(all))
	for _, t := range all {
		texts = append(texts, string(t))
	}
	return strings.Join(texts, ", ")
}
