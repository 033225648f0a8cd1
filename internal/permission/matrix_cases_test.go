package permission_test

import (
	"fmt"
	"strings"

	"holdfast/events"
	"holdfast/internal/permission"
)

// yamlFile is one world and what is asked in it; testdata/README.md tells how to write one.
type yamlFile struct {
	About     string         `yaml:"about"`
	World     yamlWorld      `yaml:"world"`
	Decisions []decisionCase `yaml:"decisions"`
	Reads     []readCase     `yaml:"reads"`
	Writes    []writeCase    `yaml:"writes"`
	Shown     []shownCase    `yaml:"shown"`
	People    []personCase   `yaml:"people"`
	Explained []explainCase  `yaml:"explained"`
	Same      []sameCase     `yaml:"same"`
	Changes   []changeCase   `yaml:"changes"`
	Conflicts []conflictCase `yaml:"conflicts"`
}

// Head is what every case has.
type Head struct {
	Case   string   `yaml:"case"`
	Proves []string `yaml:"proves"`
}

// Expected is what is expected of a decision.
type Expected struct {
	Answer      string          `yaml:"answer"` // allowed, refused
	Rule        permission.Rule `yaml:"rule"`   // allowed: app_set where it is not said
	Field       string          `yaml:"field"`
	Conditional bool            `yaml:"depends_on_record"`
	Deprecated  bool            `yaml:"deprecated"`
	Sets        []string        `yaml:"sets"` // not looked at where it is not said
}

type decisionCase struct {
	Head     `yaml:",inline"`
	Expected `yaml:",inline"`
	Ask      question       `yaml:"ask"`
	Fields   []string       `yaml:"fields"`
	Record   map[string]any `yaml:"record"`
}

// readCase is about records that come back from a target.
type readCase struct {
	Head    `yaml:",inline"`
	Ask     question    `yaml:"ask"`
	Wants   []string    `yaml:"wants"` // absent: all
	By      []string    `yaml:"by"`    // filtered or ordered
	AsksFor []string    `yaml:"asks_for"`
	All     bool        `yaml:"asks_for_everything"`
	None    string      `yaml:"nothing_readable"` // the field that the refusal names
	Filter  string      `yaml:"filter"`           // not looked at where it is not said
	Records []seeRecord `yaml:"records"`
	// Used are the sets that were needed, in the end.
	Used       []string `yaml:"used"`
	Deprecated bool     `yaml:"deprecated"`
}

type seeRecord struct {
	Record map[string]any  `yaml:"record"`
	Seen   bool            `yaml:"seen"`
	Fields map[string]bool `yaml:"fields"` // whether each may be read
}

// writeCase is about one record that is written.
type writeCase struct {
	Head     `yaml:",inline"`
	Expected `yaml:",inline"`
	Ask      question       `yaml:"ask"`
	Before   map[string]any `yaml:"before"`
	Writes   map[string]any `yaml:"writes"`
	Forced   map[string]any `yaml:"forced"`
	Looks    bool           `yaml:"looks_first"`
}

type shownCase struct {
	Head     `yaml:",inline"`
	Expected `yaml:",inline"`
	Ask      question       `yaml:"ask"`
	Record   map[string]any `yaml:"record"`
	Fields   []string       `yaml:"fields"` // Title: read, write, as Subject, type text, usage key
}

type personCase struct {
	Head           `yaml:",inline"`
	Who            string         `yaml:"who"`
	LastVisited    string         `yaml:"visited_last"`
	LandsOn        *string        `yaml:"lands_on"`
	Apps           *[]string      `yaml:"apps"`
	SiteSet        *string        `yaml:"site_set"`
	ConfiguresSite *bool          `yaml:"configures_site"`
	ConfiguresSelf *bool          `yaml:"configures_self"`
	In             string         `yaml:"in"`
	Holds          *[]string      `yaml:"holds"`
	Formulas       map[string]any `yaml:"formulas"` // what each gives in the app
	Record         map[string]any `yaml:"record"`
}

type explainCase struct {
	Head   `yaml:",inline"`
	Ask    question       `yaml:"ask"`
	Fields []string       `yaml:"fields"`
	Record map[string]any `yaml:"record"`
	Answer string         `yaml:"answer"`
	Steps  []string       `yaml:"steps"` // clerk in person: field_not_readable Salary; unmet …; open …
	Would  []string       `yaml:"would_help"`
}

// sameCase holds two users, or two apps, to each other: every question that the world knows has the same answer.
type sameCase struct {
	Head   `yaml:",inline"`
	As     string `yaml:"as"`
	Who    string `yaml:"who"`
	Differ bool   `yaml:"differ"`
}

type changeCase struct {
	Head      `yaml:",inline"`
	Actor     string    `yaml:"actor"` // only whether the actor may
	Create    *namedSet `yaml:"create"`
	Update    *namedSet `yaml:"update"`
	Delete    string    `yaml:"delete"`
	Assign    string    `yaml:"assign"` // clerk to group clerks
	InApp     string    `yaml:"in_app"`
	Replacing string    `yaml:"replacing"`
	Answer    string    `yaml:"answer"` // accepted, refused
	Rule      string    `yaml:"rule"`
	At        string    `yaml:"at"` // JSON pointer into the event
	Becomes   *YamlSet  `yaml:"becomes"`
}

type namedSet struct {
	ID      string `yaml:"id"`
	YamlSet `yaml:",inline"`
	// Twice names a connection, an object and a field that the set names twice, "" for none.
	Twice string `yaml:"twice"`
}

type conflictCase struct {
	Head  `yaml:",inline"`
	Then  yamlWorld `yaml:"then"` // what happens next
	Found []string  `yaml:"found"`
}

// question is written: may ann in orders read Orders of erp.
type question struct{ permission.Question }

func (q *question) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		return err
	}
	w := strings.Fields(text)
	if len(w) < 5 || w[0] != "may" || w[2] != "in" {
		return fmt.Errorf("%q is no question such as: may ann in orders read Orders of erp", text)
	}
	q.User, q.App, q.Now = whoIs(w[1]), w[3], today
	switch rest := w[4:]; {
	case len(rest) == 1 && rest[0] == "enter":
	case len(rest) == 2 && rest[0] == "reach":
		q.Op, q.Connection = permission.Reach, rest[1]
	case len(rest) == 2 && rest[0] == "use":
		q.Op, q.Connection = permission.Raw, rest[1]
	case len(rest) == 4 && rest[2] == "of":
		q.Op, q.Object, q.Connection = events.DataOp(rest[0]), rest[1], rest[3]
	default:
		return fmt.Errorf("%q asks for nothing that can be asked", text)
	}
	return nil
}

// whoIs is a user by the name that cases use.
func whoIs(name string) string {
	switch name {
	case "anybody":
		return events.PermissionPublic
	case "nobody":
		return ""
	default:
		return name
	}
}
