package rights

import (
	"holdfast/internal/permission"
)

// whatNow is a command that helps with a refusal.
func (d *Desk) whatNow(c Change) string {
	switch permission.Rule(c.Rule) {
	case permission.AdministratorsOnly:
		return "name an administrator with --actor; " + d.command("directory show")
	case permission.SetUnknown:
		return d.command("permissions sets")
	case permission.SecondSiteSet:
		return "replace it: " + d.command("permissions assign %s --user %s --replaces %s", c.Set, c.User, d.siteSetOf(c.User))
	case permission.SiteSetToUsersOnly, permission.PublicSetIsThePublic, permission.SetOfAnotherApp, permission.NotOfThisKind:
		return d.command("permissions show %s", c.Set)
	default:
		return d.command("permissions sets")
	}
}

// siteSetOf is the id of the site set that a user has.
func (d *Desk) siteSetOf(user string) string {
	if set := d.now().SiteSet(user); set != nil {
		return set.ID
	}
	return "SET"
}
