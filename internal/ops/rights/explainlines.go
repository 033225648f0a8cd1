package rights

import (
	"strings"

	"holdfast/events"
	"holdfast/internal/permission"
)

// Lines are what Explain answered, for people: the answers, what each set says, the connection itself, and what would
// change it.
func Lines(all []Explanation) []string {
	if len(all) == 1 {
		return all[0].lines()
	}
	var lines []string
	for _, e := range all {
		lines = append(lines, e.head()...)
		for _, s := range e.Steps {
			lines = append(lines, "  "+s.line())
		}
	}
	lines = append(lines, all[0].scopeLines()...)
	return append(lines, adviceLines(adviceOfEach(all))...)
}

func (e Explanation) lines() []string {
	lines := append(e.head(), "", "sets that "+whoIs(e.User)+" holds in "+e.App)
	for _, s := range e.Steps {
		lines = append(lines, "  "+s.line())
	}
	if len(e.Steps) == 0 {
		lines = append(lines, "  none")
	}
	lines = append(lines, e.scopeLines()...)
	return append(lines, adviceLines(e.Advice)...)
}

// head is the answer, and why.
func (e Explanation) head() []string {
	lines := []string{e.answer()}
	if why := e.reason(); why != "" {
		lines = append(lines, "  "+why)
	}
	return lines
}

func (e Explanation) scopeLines() []string {
	if e.Scope == nil {
		return nil
	}
	return []string{"", "connection " + e.Connection, "  " + scopeLine(*e.Scope)}
}

func adviceLines(advice []string) []string {
	if len(advice) == 0 {
		return nil
	}
	lines := []string{"", "what to do"}
	for _, a := range advice {
		lines = append(lines, "  "+a)
	}
	return lines
}

// adviceOfEach is the advice of all answers, each piece once, with the operations that it is for where it is not for all.
func adviceOfEach(all []Explanation) (lines []string) {
	operations := make(map[string][]string)
	for _, e := range all {
		for _, a := range e.Advice {
			if operations[a] == nil {
				lines = append(lines, a)
			}
			operations[a] = append(operations[a], e.Operation)
		}
	}
	for i, a := range lines {
		if ops := operations[a]; len(ops) < len(all) {
			lines[i] = "to " + strings.Join(ops, ", ") + ": " + a
		}
	}
	return lines
}

func (e Explanation) answer() string {
	yes, may := "yes", " may "
	switch {
	case !e.Allowed:
		yes, may = "no", " may not "
	case e.Conditional:
		yes = "yes, for some records"
	}
	return yes + ": " + whoIs(e.User) + may + e.asked()
}

// asked is what was asked, as people say it.
func (e Explanation) asked() string {
	in := " in " + e.App
	switch {
	case e.Connection == "":
		return "use " + e.App
	case e.Operation == string(permission.Reach):
		return "reach " + e.Connection + in
	case e.Operation == string(permission.Raw):
		return "use " + e.Connection + " for actions without records" + in
	case len(e.Fields) > 0:
		return e.Operation + " " + strings.Join(e.Fields, ", ") + " of " + e.Object + " (" + e.Connection + ")" + in
	default:
		return e.Operation + " " + e.Object + " (" + e.Connection + ")" + in
	}
}

// reason is why, in a line: by the sets first, and by the connection where they do not refuse.
func (e Explanation) reason() string {
	switch {
	case e.Detail != "" && e.Field != "":
		return e.Detail + ": " + e.Field + " (" + e.Rule + ")"
	case e.Detail != "":
		return e.Detail + " (" + e.Rule + ")"
	case e.Scope != nil && !e.Scope.Allowed:
		return "the permission sets grant it, and the connection is not for this: " + e.Scope.Detail + " (" + e.Scope.Rule + ")"
	case e.Deprecated:
		return "only a site set grants it, which is deprecated (" + e.Rule + ")"
	default:
		return ""
	}
}

func (s Step) line() string {
	text := s.Set + " (" + s.Name + "), " + s.held() + ": "
	switch {
	case s.Missing != "" && s.Field != "":
		return text + s.Detail + ": " + s.Field
	case s.Missing != "":
		return text + s.Detail
	case len(s.Unmet) > 0:
		return text + "would grant it, but is not met: " + strings.Join(s.Unmet, "; ")
	case len(s.Open) > 0:
		return text + "grants it for records where " + strings.Join(s.Open, "; ")
	default:
		return text + "grants it"
	}
}

// held is how the set is held.
func (s Step) held() string {
	switch permission.Through(s.Through) {
	case permission.ThroughGroup:
		return "through the group " + s.Group
	case permission.AsPublic:
		return "assigned to the public"
	case permission.AsSiteSet:
		return "as the site set (deprecated)"
	case permission.InPerson:
		return "assigned in person"
	default:
		return s.Through
	}
}

func scopeLine(s events.ConnectionScope) string {
	text := "may be used there"
	if !s.Allowed {
		text = "may not be used there: " + s.Detail
	}
	text += " (" + s.Rule + ")"
	if s.State != string(events.StateActive) {
		text += "; it is " + s.State
	}
	return text
}
