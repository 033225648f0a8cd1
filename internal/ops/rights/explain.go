package rights

import (
	"context"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/formula"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Question is what somebody wants to do, as operators ask it.
type Question struct {
	User, App, Connection, Object string
	// Operation is read, create, update, delete or raw; empty: all on records where an object is named, else whether the
	// connection can be reached at all.
	Operation string
	Fields    []string
	Record    formula.Record // nil: none is known
	Place     access.Place
}

// Explanation is whether somebody may do something, and why.
type Explanation struct {
	Tenant     string   `json:"tenant"`
	User       string   `json:"user_id"`
	App        string   `json:"app_id"`
	Connection string   `json:"connection_id,omitempty"`
	Object     string   `json:"object,omitempty"`
	Operation  string   `json:"operation,omitempty"`
	Fields     []string `json:"fields,omitempty"`
	// Allowed: by the permission sets, and by the connection itself.
	Allowed     bool            `json:"allowed"`
	Rule        string          `json:"rule"`
	Detail      string          `json:"detail,omitempty"`
	Field       string          `json:"field,omitempty"`
	Conditional bool            `json:"conditional,omitempty"`
	Deprecated  bool            `json:"deprecated,omitempty"`
	Sets        []events.SetUse `json:"permission_sets,omitempty"`
	Steps       []Step          `json:"steps"`
	// Scope is what the connection itself says; nil where none was asked about.
	Scope *events.ConnectionScope `json:"connection,omitempty"`
	// Advice is what would change the answer: commands that run.
	Advice []string `json:"advice,omitempty"`
}

// Step is what one set that the user holds says.
type Step struct {
	Set     string `json:"set_id"`
	Name    string `json:"name"`
	Through string `json:"through"` // user, group, public or site
	Group   string `json:"group_id,omitempty"`
	Grants  bool   `json:"grants"`
	// Missing is the rule that names what the set does not grant, Detail the same in words.
	Missing string   `json:"missing,omitempty"`
	Detail  string   `json:"detail,omitempty"`
	Field   string   `json:"field,omitempty"`
	Unmet   []string `json:"unmet,omitempty"`
	Open    []string `json:"open,omitempty"`
}

// Explain answers a question, with the chain of reasons: one answer for each operation where an object is named, and
// none of them.
func (d *Desk) Explain(ctx context.Context, q Question) ([]Explanation, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	var all []Explanation
	for _, one := range q.each() {
		e, err := d.explain(ctx, one)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// each is the question with each operation that it is about. A record is deleted whole, whatever its fields.
func (q *Question) each() (all []Question) {
	if q.Operation != "" || q.Object == "" {
		return []Question{*q}
	}
	for _, op := range events.DataOps() {
		one := *q
		if one.Operation = string(op); op == events.DeleteRecords {
			one.Fields = nil
		}
		all = append(all, one)
	}
	return all
}

func (d *Desk) explain(ctx context.Context, q Question) (Explanation, error) {
	now := d.now()
	question := permission.Question{User: q.User, App: q.App, Connection: q.Connection, Object: q.Object, Op: events.DataOp(q.Operation),
		Fields: q.Fields, Now: d.Clock.Now()}
	if q.Record != nil {
		question.Record = q.Record
	}
	why := now.Explain(question)
	e := Explanation{Tenant: d.Tenant, User: q.User, App: q.App, Connection: q.Connection, Object: q.Object, Operation: q.Operation, Fields: q.Fields,
		Allowed: why.Allowed, Rule: string(why.Rule), Detail: why.Rule.Sentence(), Field: why.Field, Conditional: why.Conditional,
		Deprecated: why.Deprecated, Sets: why.Sets(), Steps: []Step{}}
	for _, s := range why.Steps {
		e.Steps = append(e.Steps, viewStep(s))
	}
	if q.Connection != "" {
		scope, err := d.scope(ctx, q)
		if err != nil {
			return e, err
		}
		e.Scope = &scope
		e.Allowed = e.Allowed && scope.Allowed
	}
	e.Advice = d.advise(q, why, e)
	return e, nil
}

func viewStep(s permission.Step) Step {
	return Step{Set: s.Set.ID, Name: s.Set.Name, Through: string(s.Through), Group: s.Group, Grants: s.Grants(),
		Missing: string(s.Missing), Detail: stepDetails[s.Missing], Field: s.Field, Unmet: s.Unmet, Open: s.Open}
}

// stepDetails say what a set by itself does not grant.
var stepDetails = map[permission.Rule]string{
	permission.ConnectionNotGranted: "says nothing of the connection",
	permission.RawNotGranted:        "does not grant actions without records",
	permission.ObjectNotGranted:     "says nothing of the object",
	permission.OperationNotGranted:  "does not grant the operation",
	permission.FieldNotReadable:     "does not let the field be read",
	permission.FieldNotWritable:     "does not let the field be written",
}

func (q *Question) check() error {
	op := events.DataOp(q.Operation)
	switch {
	case q.User == "" || q.App == "":
		return problem(ops.Unclear, "", "a user and an app are needed")
	case q.Connection == "" && (q.Object != "" || q.Operation != "" || len(q.Fields) > 0):
		return problem(ops.Unclear, "add --connection", "an object, an operation or a field is one of a connection")
	case op == permission.Reach && q.Object == "" && len(q.Fields) > 0:
		return problem(ops.Unclear, "add --object", "a field is one of an object")
	case op == permission.Reach, op == permission.Raw && q.Object == "" && len(q.Fields) == 0:
		return nil
	case op == permission.Raw:
		return problem(ops.Unclear, "leave --object and --field out", "actions without records have no object and no fields")
	case !known(op):
		return problem(ops.Unclear, "", "%q is none of read, create, update, delete and raw", q.Operation)
	case q.Object == "":
		return problem(ops.Unclear, "add --object", "it is an object whose records are read and written")
	default:
		return nil
	}
}

func known(op events.DataOp) bool {
	for _, o := range events.DataOps() {
		if o == op {
			return true
		}
	}
	return false
}

// scope is what the connection itself says of its use.
func (d *Desk) scope(ctx context.Context, q Question) (events.ConnectionScope, error) {
	registry, err := d.Connections(ctx)
	if err != nil {
		return events.ConnectionScope{}, err
	}
	e, _, err := registry.Fresh(ctx, d.Tenant, q.Connection)
	if err != nil {
		return events.ConnectionScope{}, err
	}
	return access.Scope(d.now().Directory(), e, actor(q.User), q.Place), nil
}

// actor is a user as requests name it.
func actor(user string) string {
	if user == events.ActorSystem {
		return ""
	}
	return user
}
