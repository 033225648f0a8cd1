package compare

import (
	"fmt"
	"strconv"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"

	"holdfast/events"
	"holdfast/internal/permission/largeworld"
)

// byCedar is the policies of each app, or of each app and connection, and the tenant's entities.
type byCedar struct {
	policies     map[string]*cedar.PolicySet
	entities     cedar.EntityMap
	byConnection bool
}

// newCedar writes the policies and entities of a world. byConnection: a policy set holds what is said of one connection alone.
func newCedar(size largeworld.Size, byConnection bool) (*byCedar, error) {
	b := &byCedar{make(map[string]*cedar.PolicySet), cedarEntities(size), byConnection}
	for i := range size.Sets() {
		set := size.Set(i)
		for _, c := range set.Connections {
			for _, o := range c.Objects {
				for _, op := range o.Operations {
					if err := b.add(set.App, set.ID, c.Connection, o, op); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return b, nil
}

// add writes a policy as its users would: who, what, on what, and when.
func (b *byCedar) add(app, set, connection string, o events.ObjectGrant, op events.DataOp) error {
	when := fmt.Sprintf("[%s].contains(context.field)", quoted(fieldsFor(o, op)))
	if len(o.Conditions) > 0 {
		when += " && context.region == principal.region"
	}
	text := fmt.Sprintf(`permit (principal in Set::%q, action == Action::%q, resource == Object::%q) when { %s };`, set, op, resource(connection, o.Object), when)
	var p cedar.Policy
	if err := p.UnmarshalCedar([]byte(text)); err != nil {
		return err
	}
	slice := b.slice(app, connection)
	if b.policies[slice] == nil {
		b.policies[slice] = cedar.NewPolicySet()
	}
	b.policies[slice].Add(cedar.PolicyID(strings.Join([]string{set, connection, o.Object, string(op)}, "/")), &p)
	return nil
}

func (b *byCedar) slice(app, connection string) string {
	if b.byConnection {
		return app + "/" + connection
	}
	return app
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = strconv.Quote(n)
	}
	return strings.Join(all, ", ")
}

func resource(connection, object string) string { return connection + "/" + object }

// cedarEntities are users, in their groups and sets, and groups, in their sets.
func cedarEntities(size largeworld.Size) cedar.EntityMap {
	all := make(cedar.EntityMap)
	add := func(kind, id string, attributes cedar.RecordMap, parents []cedar.EntityUID) {
		uid := cedar.NewEntityUID(cedar.EntityType(kind), cedar.String(id))
		all[uid] = cedar.Entity{UID: uid, Attributes: cedar.NewRecord(attributes), Parents: cedar.NewEntityUIDSet(parents...)}
	}
	sets := func(numbers []int) (uids []cedar.EntityUID) {
		for _, i := range numbers {
			uids = append(uids, cedar.NewEntityUID("Set", cedar.String(size.Set(i).ID)))
		}
		return uids
	}
	for user := range size.Users {
		parents := sets(size.UserSets(user))
		for _, g := range size.GroupsOf(user) {
			parents = append(parents, cedar.NewEntityUID("Group", cedar.String(strconv.Itoa(g))))
		}
		add("User", largeworld.User(user), cedar.RecordMap{"region": cedar.String(largeworld.Region(user))}, parents)
	}
	for g := range size.Groups {
		add("Group", strconv.Itoa(g), nil, sets(size.GroupSets(g)))
	}
	return all
}

// request is a question as Cedar takes it.
func request(q *asked) cedar.Request {
	return cedar.Request{
		Principal: cedar.NewEntityUID("User", cedar.String(q.User)),
		Action:    cedar.NewEntityUID("Action", cedar.String(q.Op)),
		Resource:  cedar.NewEntityUID("Object", cedar.String(resource(q.Connection, q.Object))),
		Context:   cedar.NewRecord(cedar.RecordMap{"field": cedar.String(q.Fields[0]), "region": cedar.String(q.region)}),
	}
}

// none is a slice without policies.
var none = cedar.NewPolicySet()

// allowed asks the slice's policies.
func (b *byCedar) allowed(q *asked) (bool, error) {
	policies := b.policies[b.slice(q.App, q.Connection)]
	if policies == nil {
		policies = none
	}
	decision, diagnostic := cedar.Authorize(policies, b.entities, request(q))
	if len(diagnostic.Errors) > 0 {
		return false, fmt.Errorf("%s", diagnostic.Errors[0].Message)
	}
	return decision == cedar.Allow, nil
}
