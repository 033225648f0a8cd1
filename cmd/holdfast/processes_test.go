package main

import (
	"context"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/events"
	"holdfast/internal/process"
)

// seedProcesses stores two versions of a process, the first of them retired, as a worker does.
func seedProcesses(ts *testscript.TestScript, _ bool, _ []string) {
	ctx := context.Background()
	facts, err := connect(ts).Facts(ctx, nil)
	ts.Check(err)
	keep := func(id string, content any) {
		data, err := events.Marshal(content)
		ts.Check(err)
		_, err = facts.Put(ctx, events.Fact{Tenant: "acme", Kind: events.FactProcess, ID: id, Data: data}, 0)
		ts.Check(err)
	}
	end := process.Retirement{At: time.Now().Add(-time.Hour), Sequence: 5}
	for i, version := range []string{"10", "9"} { // in the order of publishing, not of their names
		keep(process.VersionID("onboarding", version), process.Version{Published: uint64(4 + 2*i), Process: events.Process{
			ID: "onboarding", Version: version, App: "hr", Publisher: "ann\x1b[31m",
			Steps: []events.ProcessStep{
				{ID: "create", Kind: events.ActionStep, ExecuteAs: "crm", Connector: "http"}, {ID: "ask", Kind: events.FormStep},
			},
		}})
	}
	keep("onboarding", end)
}
