package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/catalog"
	"holdfast/internal/config"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/connector/noop"
	"holdfast/internal/connector/odata"
	"holdfast/internal/fault"
)

// LoadTypes is the catalog of connection types that the settings name: the built-in ones, and those of the
// operator's folder. What is wrong with the folder's files comes as a *config.Error, for it is configuration.
func LoadTypes(c config.Config) (*catalog.Catalog, error) {
	types, err := catalog.Load(c.Connections.TypesDir)
	return types, TypeProblems(err)
}

// TypeProblems makes a catalog's error one of the configuration; others stay as they are.
func TypeProblems(err error) error {
	found := catalog.Problems(err)
	if len(found) == 0 {
		return err
	}
	out := &config.Error{}
	for _, p := range found {
		out.Problems = append(out.Problems, config.Problem{Place: p.Place, Key: p.Key, Text: p.Text})
	}
	return out
}

// newConnectors are the connectors of a worker; those that speak HTTP share target.
func newConnectors(target *httpc.Connector, timeout time.Duration) (*connector.Registry, error) {
	return connector.NewRegistry(target, odata.New(target, timeout), noop.New())
}

// CheckTypes holds types against the connectors of this program: a *config.Error names connectors, operations and
// headers that do not exist or can not be used.
func CheckTypes(types []*catalog.Type) error {
	target := httpc.New(httpc.Options{})
	defer target.Close()
	connectors, err := newConnectors(target, 0)
	if err != nil {
		return err
	}
	return checkTypes(types, connectors)
}

func checkTypes(types []*catalog.Type, connectors *connector.Registry) error {
	out := &config.Error{}
	for _, t := range types {
		for i, a := range t.Actions {
			if key, text, hint := actionProblem(a, connectors); text != "" {
				out.Problems = append(out.Problems, config.Problem{
					Place: t.Place(), Key: fmt.Sprintf("actions[%d].%s", i, key), Text: text, Hint: hint})
			}
		}
		if con, ok := connectors.Lookup(t.Tester()); ok {
			if f := fault.From(con.CheckSettings(fixedParts(t))); f != nil {
				out.Problems = append(out.Problems, config.Problem{Place: t.Place(), Key: strings.ReplaceAll(strings.TrimPrefix(f.Field, "/"), "/", "."), Text: f.Detail})
			}
		}
	}
	if len(out.Problems) > 0 {
		return out
	}
	return nil
}

func actionProblem(a catalog.Action, connectors *connector.Registry) (key, text, hint string) {
	con, ok := connectors.Lookup(a.Connector)
	if !ok {
		return "connector", fmt.Sprintf("there is no connector %q", a.Connector), "there are " + strings.Join(connectors.Names(), ", ")
	}
	for _, op := range a.Operations {
		if !slices.Contains(con.Operations(), op) {
			return "operations", fmt.Sprintf("%s has no operation %q", a.Connector, op), "it has " + strings.Join(con.Operations(), ", ")
		}
	}
	return "", "", ""
}

// fixedParts is what of a connector's settings does not depend on a connection.
func fixedParts(t *catalog.Type) []byte {
	raw, _ := json.Marshal(map[string]any{ // strings and numbers only
		"base_url": "https://host.example", "headers": t.Headers, "auth_failures": t.Told(),
	})
	return raw
}

// refreshLife is how long a refresh token lives by its connection's type; 0 where that is not known.
func refreshLife(types *catalog.Catalog) func(*connection.Entry) time.Duration {
	return func(e *connection.Entry) time.Duration {
		t, ok := types.Lookup(e.Type)
		if !ok {
			return 0
		}
		return t.RefreshLife()
	}
}
