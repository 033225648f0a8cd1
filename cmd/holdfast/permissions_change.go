package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
)

// permit connects for a change of a tenant's permissions, and closes again.
func (c *command) permit(ctx context.Context, a change, do func(context.Context, *rights.Desk) error) error {
	if err := a.name(); err != nil {
		return err
	}
	s, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	desk, err := rights.NewDesk(ctx, s, a.tenant)
	if err != nil {
		return err
	}
	desk.Actor, desk.Wait = a.actor, a.wait
	return do(ctx, desk)
}

// whom adds the flags that say to whom a set is assigned.
func whom(cmd *cobra.Command, a *events.PermissionAssignment) {
	cmd.Flags().StringVar(&a.User, "user", "", "a user; system stands for runs without one")
	cmd.Flags().StringVar(&a.Group, "group", "", "a group: its members have the set at once, also those who join later")
	cmd.Flags().BoolVar(&a.Public, "public", false, "whoever is not signed in")
	cmd.MarkFlagsMutuallyExclusive("user", "group", "public")
	cmd.MarkFlagsOneRequired("user", "group", "public")
}

func (c *command) permissionsAssign() *cobra.Command {
	cmd, to := c.assignment("assign", "Give a permission set to a user, a group or the public", false)
	cmd.Long = `Gives a set to a user, a group or the public. A user may hold many sets of an app, and one site set: another one is
replaced where --replaces names the one that the user has. The rules are asked before anything is published.`
	cmd.Example = `  holdfast permissions assign reps --user bob --tenant acme
  holdfast permissions assign reps --group north --tenant acme
  holdfast permissions assign editors --user bob --replaces standard --tenant acme`
	cmd.Flags().StringVar(&to.Replaces, "replaces", "", "the site set that the user has now")
	return c.completeRights(cmd)
}

func (c *command) permissionsUnassign() *cobra.Command {
	cmd, _ := c.assignment("unassign", "Take a permission set from a user, a group or the public", true)
	cmd.Example = "  holdfast permissions unassign reps --user bob --tenant acme"
	return c.completeRights(cmd)
}

func (c *command) assignment(verb, short string, take bool) (*cobra.Command, *events.PermissionAssignment) {
	var a change
	to := new(events.PermissionAssignment)
	cmd := &cobra.Command{
		Use: verb + " SET --tenant TENANT", Short: short, Args: exactly(1, "a set's id"), ValidArgsFunction: c.completeSets,
		RunE: func(cmd *cobra.Command, args []string) error {
			to.Set = args[0]
			return c.permit(cmd.Context(), a, func(ctx context.Context, d *rights.Desk) error {
				v, err := d.Assign(ctx, *to, take)
				return c.printPermissionChange(v, err)
			})
		},
	}
	whom(cmd, to)
	return changeFlags(cmd, &a), to
}

func (c *command) permissionsPublic() *cobra.Command {
	return group(&cobra.Command{Use: "public", Short: "Open an app to the public, or close it"},
		c.publicAccess("open", "Open an app to whoever is not signed in, as far as sets are assigned to the public", true),
		c.publicAccess("close", "Close an app to whoever is not signed in", false))
}

func (c *command) publicAccess(verb, short string, open bool) *cobra.Command {
	var a change
	cmd := &cobra.Command{
		Use: verb + " APP --tenant TENANT", Short: short, Args: exactly(1, "an app's id"),
		Example:           "  holdfast permissions public " + verb + " shop --tenant acme",
		ValidArgsFunction: c.completeRightsFrom((*rights.Desk).Apps),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.permit(cmd.Context(), a, func(ctx context.Context, d *rights.Desk) error {
				v, err := d.PublicAccess(ctx, args[0], open)
				return c.printPermissionChange(v, err)
			})
		},
	}
	return changeFlags(cmd, &a)
}

// printPermissionChange prints what became of a change that was begun, and gives the error that it came with.
func (c *command) printPermissionChange(v rights.Change, err error) error {
	if v.Event == "" || v.Answer == rights.Refused && !c.json {
		return err // the error tells all
	}
	if perr := c.printPermissionChanges([]rights.Change{v}); perr != nil {
		return perr
	}
	return err
}

// printPermissionChanges prints changes: what was refused on stderr, for people.
func (c *command) printPermissionChanges(all []rights.Change) error {
	if c.json {
		return objects(c, all)
	}
	for _, v := range all {
		out := c.out
		if v.Answer == rights.Refused || v.Answer == ops.AnswerRejected {
			out = c.err
		}
		if err := printLines(out, changeOfRights(v)); err != nil {
			return err
		}
	}
	return nil
}

// changeOfRights is a change for people, with its notes below.
func changeOfRights(v rights.Change) []string {
	text := ""
	if v.Line > 0 {
		text = fmt.Sprintf("line %d: ", v.Line)
	}
	text += aboutRights(v) + ": "
	switch {
	case v.Answer == "" && v.Sequence == 0:
		text += "good, and not published"
	case v.Answer == "":
		text += "published"
	case v.Answer == rights.Planned:
		text += "would be published"
	case v.Answer == rights.Unchanged:
		text += "is so already"
	default:
		text += v.Answer
	}
	if v.Sequence > 0 {
		text += fmt.Sprintf(", %s %d", events.StreamPermissions, v.Sequence)
	}
	if v.Detail != "" {
		text += ": " + strings.TrimSpace(v.Field+" "+v.Detail)
	}
	if v.Rule != "" {
		text += " (" + v.Rule + ")"
	}
	lines := []string{text}
	for _, note := range v.Notes {
		lines = append(lines, "  note: "+note)
	}
	return lines
}

// aboutRights says what a change is about.
func aboutRights(v rights.Change) string {
	to := v.User
	switch {
	case v.Enabled != nil && *v.Enabled:
		return v.App + " open to the public"
	case v.Enabled != nil:
		return v.App + " closed to the public"
	case v.Event == events.PermissionSetCreated.What():
		return "set " + v.Set + " of " + v.App + " created"
	case v.Event == events.PermissionSetUpdated.What():
		return "set " + v.Set + " changed"
	case v.Public:
		to = "the public"
	case v.Group != "":
		to = "the group " + v.Group
	}
	if v.Event == events.PermissionUnassigned.What() {
		return v.Set + " taken from " + to
	}
	return v.Set + " to " + to
}
