package compare

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"holdfast/internal/permission/largeworld"
)

// casbinModel is RBAC with domains (https://casbin.org/docs/rbac-with-domains): the domain is the app, the object a connection
// and what it calls so, and a rule says its fields, and whether it is limited to the user's own region.
const casbinModel = `
[request_definition]
r = sub, dom, con, obj, act, field, region, home

[policy_definition]
p = sub, dom, con, obj, act, fields, own

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.con == p.con && r.obj == p.obj && r.act == p.act && r.dom == p.dom && hasField(p.fields, r.field) && (p.own == "no" || r.region == r.home) && g(r.sub, p.sub, r.dom)
`

// enforcer is what the plain and the cached one have in common.
type enforcer interface {
	Enforce(rvals ...any) (bool, error)
}

// byCasbin is one enforcer for each app.
type byCasbin map[string]enforcer

// newCasbin makes one enforcer for each app.
func newCasbin(size largeworld.Size, cached bool) (byCasbin, error) {
	all, who := make(byCasbin, size.Apps), rolesOf(size)
	for first := 0; first < size.Sets(); first += size.SetsPerApp {
		e, err := casbinFor(size, who, first, cached)
		if err != nil {
			return nil, err
		}
		all[size.AppOf(first)] = e
	}
	return all, nil
}

// casbinFor is the enforcer of the app whose first set is first.
func casbinFor(size largeworld.Size, who roles, first int, cached bool) (enforcer, error) {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, err
	}
	c, err := casbin.NewCachedEnforcer(m)
	if err != nil {
		return nil, err
	}
	c.AddFunction("hasField", hasField)
	if _, err := c.AddPolicies(casbinRules(size, first)); err != nil {
		return nil, err
	}
	if _, err := c.AddGroupingPolicies(casbinRoles(size, who, first)); err != nil {
		return nil, err
	}
	if cached {
		return c, nil
	}
	return c.Enforcer, nil
}

// hasField tells whether a list of fields has one.
func hasField(args ...any) (any, error) {
	list, ok := args[0].(string)
	field, is := args[1].(string)
	if !ok || !is {
		return nil, fmt.Errorf("a list and a field are wanted: %v", args)
	}
	for list != "" {
		var one string
		if one, list, _ = strings.Cut(list, ","); one == field {
			return true, nil
		}
	}
	return false, nil
}

// casbinRules are the rules of an app's sets.
func casbinRules(size largeworld.Size, first int) (rules [][]string) {
	for i := first; i < first+size.SetsPerApp; i++ {
		set := size.Set(i)
		for _, c := range set.Connections {
			for _, o := range c.Objects {
				own := "no"
				if len(o.Conditions) > 0 {
					own = "yes"
				}
				for _, op := range o.Operations {
					rules = append(rules, []string{set.ID, set.App, c.Connection, o.Object, string(op), strings.Join(fieldsFor(o, op), ","), own})
				}
			}
		}
	}
	return rules
}

// casbinRoles are who is in which role in the app: users and groups have sets, and users are in the groups that have one.
func casbinRoles(size largeworld.Size, who roles, first int) (all [][]string) {
	app, named := size.AppOf(first), make(map[int]bool)
	for i := first; i < first+size.SetsPerApp; i++ {
		set := size.Set(i).ID
		for _, user := range who.users[i] {
			all = append(all, []string{largeworld.User(user), set, app})
		}
		for _, g := range who.groups[i] {
			name := "group-" + strconv.Itoa(g)
			all = append(all, []string{name, set, app})
			if named[g] {
				continue
			}
			named[g] = true
			for _, user := range who.members[g] {
				all = append(all, []string{largeworld.User(user), name, app})
			}
		}
	}
	return all
}

// allowed asks the app's enforcer.
func (b byCasbin) allowed(q *asked) (bool, error) {
	return b[q.App].Enforce(q.User, q.App, q.Connection, q.Object, string(q.Op), q.Fields[0], q.region, q.home)
}
