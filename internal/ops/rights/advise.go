package rights

import (
	"fmt"
	"slices"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// mostAdvice is how many sets are named that would help.
const mostAdvice = 5

// advise is what would change an answer: commands that run, with a word on each.
func (d *Desk) advise(q Question, why permission.Explanation, e Explanation) (lines []string) {
	switch {
	case !why.Allowed:
		lines = d.adviseRefused(q, why)
	case why.Conditional:
		lines = append(lines, "it depends on the record: ask again with --record FILE.json")
	}
	for _, s := range e.Steps {
		if len(s.Unmet) > 0 && s.Missing == "" && !why.Allowed {
			lines = append(lines, "what the conditions of "+s.Set+" read of the user: "+d.command("directory show %s", q.User))
			break
		}
	}
	if why.Deprecated {
		lines = append(lines, "app sets in the place of the site set: "+d.command("permissions migrate"))
	}
	if e.Scope != nil {
		lines = append(lines, d.adviseScope(q, *e.Scope)...)
	}
	return lines
}

func (d *Desk) adviseRefused(q Question, why permission.Explanation) (lines []string) {
	switch {
	case why.Rule == permission.RemovedUser:
		return []string{"if the user is back: holdfast directory load FILE --tenant " + d.Tenant}
	case why.Rule == permission.PublicAccessOff:
		return []string{d.command("permissions public open %s", q.App)}
	case why.Rule == permission.ForcedValuesDiffer, why.Rule == permission.ForcedValueInvalid:
		return []string{"look at what the sets force: " + d.command("permissions show SET")}
	case !slices.Contains(d.Apps(), q.App):
		return []string{"nothing is said of the app " + q.App + "; what there is: " + d.command("permissions sets"),
			"to bring its sets in from a file: " + d.command("permissions import FILE --app %s", q.App)}
	case len(why.Would) == 0:
		return []string{"no set of the app grants it; what there is: " + d.command("permissions sets --app %s", q.App),
			"to change one, write them to a file: " + d.command("permissions export FILE --app %s", q.App),
			"and bring it back: " + d.command("permissions import FILE --app %s", q.App)}
	}
	for i, set := range why.Would {
		if i == mostAdvice {
			return append(lines, fmt.Sprintf("or one of %d others: %s", len(why.Would)-i, d.command("permissions sets --app %s", q.App)))
		}
		lines = append(lines, d.command("permissions assign %s %s", set.ID, assignee(q.User)))
	}
	return lines
}

// assignee is a user as a flag.
func assignee(user string) string {
	if user == events.PermissionPublic {
		return "--public"
	}
	return "--user " + user
}

func (d *Desk) adviseScope(q Question, s events.ConnectionScope) []string {
	share := d.command("connections share %s", q.Connection)
	switch {
	case s.Rule == string(access.NotNamed):
		return []string{share + " --user " + q.User}
	case s.Rule == string(access.NotAvailableHere):
		return []string{"ask for another place with --site or --site-collection, or make it available: " + share + " --availability tenant"}
	case s.Rule == string(access.PersonalCreatorOnly):
		return []string{"a shared connection in its place: " + d.command("connections list")}
	case s.Rule == string(fault.ConnectionMissing):
		return []string{"what there is: " + d.command("connections list")}
	case s.Rule == string(fault.ConnectionDeleted):
		return []string{d.command("connections restore %s", q.Connection)}
	case s.Allowed && s.State != string(events.StateActive):
		return []string{"it may be used, and does not work now: " + d.command("connections show %s", q.Connection)}
	default:
		return nil
	}
}
