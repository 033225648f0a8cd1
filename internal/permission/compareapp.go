package permission

import (
	"maps"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/table"
)

// compareApp compares what a class may in an app.
func (c *comparison) compareApp(of *class) {
	c.tell(of, Difference{What: "app"}, yes(of.before.reaches()), yes(of.after.reaches()))
	names := make(map[string]bool)
	for _, h := range []*holding{&of.before, &of.after} {
		for i := range h.n + 1 {
			if x := h.any(i); x != nil {
				for id := range x.Set.connections.All() {
					names[id] = true
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		c.compareConnection(of, id)
	}
}

func yes(so bool) string {
	if so {
		return "yes"
	}
	return "no"
}

func (c *comparison) compareConnection(of *class, id string) {
	for what, op := range map[string]events.DataOp{"connection": Reach, "actions without records": Raw} {
		q := Question{Connection: id, Op: op}
		x, y := of.before.connected(&q), of.after.connected(&q)
		c.tell(of, Difference{Connection: id, Operation: string(op), What: what}, yes(x.Allowed), yes(y.Allowed))
	}
	for _, object := range objectNames(namedObjects(id, &of.before, &of.after)) {
		c.compareObject(of, id, object)
	}
}

// namedObjects are the objects of a connection that held sets name, in order.
func namedObjects(connection string, holdings ...*holding) []string {
	names, key := make(map[string]bool), table.KeyOf(connection)
	for _, h := range holdings {
		for i := range h.n + 1 {
			x := h.any(i)
			if x == nil {
				continue
			}
			if c := x.Set.connection(key); c != nil {
				for n := range c.objects.All() {
					names[n] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (c *comparison) compareObject(of *class, connection, object string) {
	at := Difference{Connection: connection, Object: strings.TrimPrefix(object, heldMark)}
	var before, after []form
	for _, op := range events.DataOps() {
		before = append(before, c.form(&of.before, connection, object, op))
		after = append(after, c.form(&of.after, connection, object, op))
	}
	fields := fieldNames(namedFields(slices.Concat(before, after)))
	for i, op := range events.DataOps() {
		at.Operation = string(op)
		c.compareOperation(of, at, fields, before[i], after[i])
	}
	at.Operation = ""
	x, y := c.overrides(&of.before, connection, object), c.overrides(&of.after, connection, object)
	for _, key := range bothKeys(x, y) {
		at.Field, at.What = key[0], key[1]
		c.tell(of, at, x[key].String(), y[key].String())
	}
}

func (c *comparison) compareOperation(of *class, at Difference, fields []string, before, after form) {
	at.What = "records"
	c.tellTerms(of, at, before.record(), after.record())
	for _, f := range fields {
		at.Field = strings.TrimPrefix(f, heldMark)
		c.compareField(of, at, f, before, after)
	}
	if at.Operation != string(events.CreateRecords) && at.Operation != string(events.UpdateRecords) {
		return
	}
	x, y := c.forced(before), c.forced(after)
	for _, key := range bothKeys(x, y) {
		at.Field, at.What = key[0], "forced to "+strings.ReplaceAll(key[1], heldMark, " ")
		c.tellTerms(of, at, x[key], y[key])
	}
}

// compareField compares of which records a field may be read or written, and written to by what is granted alone: people
// are not offered to write what is forced.
func (c *comparison) compareField(of *class, at Difference, f string, before, after form) {
	if at.What = "field read"; at.Operation == string(events.ReadRecords) {
		c.tellTerms(of, at, before.field(f, readable, false), after.field(f, readable, false))
		return
	}
	at.What = "field written"
	n := len(c.Differences)
	c.tellTerms(of, at, before.field(f, writable, true), after.field(f, writable, true))
	if n == len(c.Differences) {
		at.What = "field offered to be written"
		c.tellTerms(of, at, before.field(f, writable, false), after.field(f, writable, false))
	}
}

func (c *comparison) tellTerms(of *class, at Difference, before, after terms) {
	c.Questions++
	if before.same(after) {
		return
	}
	c.Questions--
	x, y := before.String(), after.String()
	if x == y {
		y += " (of other sets)" // they read the same, and the sets that they name are not
	}
	c.tell(of, at, x, y)
}

// bothKeys are the keys of either map, in order.
func bothKeys[V any](a, b map[[2]string]V) [][2]string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.SortFunc(all, func(x, y [2]string) int { return slices.Compare(x[:], y[:]) })
	return slices.Compact(all)
}

// compareSite compares where a class lands, whatever app its users visited last, and what they may configure.
func (c *comparison) compareSite(of *class) {
	u := of.users[0]
	x, y := c.before.SiteRights(u), c.after.SiteRights(u)
	c.tell(of, Difference{What: "configures the site"}, yes(x.Configures), yes(y.Configures))
	c.tell(of, Difference{What: "configures own settings"}, yes(!x.NotSelf), yes(!y.NotSelf))
	c.tell(of, Difference{What: "workspaces"}, strings.Join(c.before.Workspaces(u), ", "), strings.Join(c.after.Workspaces(u), ", "))
	apps, lasts := c.before.Apps(u), []string{""}
	c.tell(of, Difference{What: "apps"}, strings.Join(apps, ", "), strings.Join(c.after.Apps(u), ", "))
	if landsOnLast(c.before.SiteSet(u)) || landsOnLast(c.after.SiteSet(u)) {
		lasts = append(lasts, append(apps, otherApp)...)
	}
	for _, last := range lasts {
		c.tell(of, Difference{What: "lands, after " + last}, c.before.Landing(u, last), c.after.Landing(u, last))
	}
}

// landsOnLast tells whether it matters which app was visited last.
func landsOnLast(set *Set) bool { return set != nil && set.Site != nil && set.Site.LandOnLast }
