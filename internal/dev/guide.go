package dev

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"holdfast/events"
)

// guideText says where everything is and what to try. Every line that is indented by four runs as it is.
var guideText = template.Must(template.New("guide").Parse(`
The development stack is ready. Ctrl-C stops it{{if .Kept}}; its data stay in {{.Data}}{{end}}.

  bus       {{.NATS}}
  vault     {{.Vault}}
  provider  {{.Provider}}
  target    {{.Target}}
  worker    {{.Metrics}}/metrics and /readyz, log: {{.Log}}
  console   {{.Console}} (sign in as {{.Owner}} with {{.Password}})

What to try, in another terminal:

    export NATS_URL={{.NATS}} VAULT_ADDR={{.Vault}}{{if .Token}} VAULT_TOKEN={{.Token}}{{end}}
{{- if .Demo}}

Which connections there are, one for each way to authenticate:

    {{.Program}} connections list --tenant {{.Tenant}}

An action as one of them, and what reached the target; the same id again changes nothing:

    sed "s/NEW/{{.Stamp}}-1/g" {{.Action}} | {{.Program}} publish - --tenant {{.Tenant}}
    curl -s {{.Target}}/admin/effects
    curl -s {{.Metrics}}/metrics | grep '^holdfast_requests_total{outcome="completed"'

The target takes another password: the next run is suspended, and the list says what to do about it:

    curl -s -X PUT {{.Target}}/admin/password -d '{"user":"{{.User}}","password":"changed"}'
    sed "s/NEW/{{.Stamp}}-2/g" {{.Action}} | {{.Program}} publish - --tenant {{.Tenant}}
    {{.Program}} suspensions list --tenant {{.Tenant}}

The new password to Vault, and nothing else: within seconds the run goes on. (The same with the vault program:
vault kv put secret/{{.Path}} username={{.User}} password=changed)

    curl -s -X PUT -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/secret/data/{{.Path}} -d '{"data":{"username":"{{.User}}","password":"changed"}}'
    {{.Program}} suspensions list --tenant {{.Tenant}} --all

Signing an account in, with a browser: open the console, press Authorize, and sign in at the provider as {{.User}} with
{{.Password}}; or run {{.Program}} connections authorize demo-refresh-token --tenant {{.Tenant}} --actor {{.Owner}}

A connection of your own: its secret to Vault first, then the event (edit the file as you like):

    curl -s -X PUT -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/secret/data/{{.OwnPath}} -d '{"data":{"username":"{{.User}}","password":"changed"}}'
    {{.Program}} publish {{.Connection}} --tenant {{.Tenant}}
{{- end}}

All that Holdfast promises, played with real events: {{.Program}} dev --tour
`))

// guideFacts is what the text is filled with.
type guideFacts struct {
	Places

	Demo               bool
	Program            string
	Tenant, User       string
	Owner, Password    string
	Stamp              string // makes ids new at each start
	Action, Connection string // files
	Path, OwnPath      string // in Vault
}

// own is the connection that the guide lets people make.
const own = "my-first"

func (s *Stack) guide() (string, error) {
	f := guideFacts{Places: s.Places, Demo: !s.o.WithoutDemo, Program: programName(s.o.Program), Tenant: DemoTenant, User: DemoUser,
		Owner: demoOwner, Password: DemoPassword,
		Stamp: strconv.FormatInt(time.Now().Unix(), 36),
		Path:  SecretPath(DemoTenant, "demo-basic"), OwnPath: SecretPath(DemoTenant, own)}
	var err error
	if f.Action, err = s.example("action.jsonl", events.ActionRequested, s.exampleAction()); err != nil {
		return "", err
	}
	connection := s.SharedConnection(own, "My first", "/basic", events.AuthSettings{Method: "basic"})
	if f.Connection, err = s.example("connection.jsonl", events.ConnectionCreated, connection); err != nil {
		return "", err
	}
	var text strings.Builder
	err = guideText.Execute(&text, f)
	return text.String(), err
}

func (s *Stack) exampleAction() events.Request {
	input, _ := json.Marshal(map[string]any{ // strings only
		"method": "POST", "path": "/items", "body": map[string]string{"name": "Ada"},
	})
	return events.Request{
		ID: "req-NEW", Workflow: "onboarding", Run: "run-NEW", Step: "create-account", StepKind: events.ActionStep,
		Connection: "demo-basic", Action: events.Action{Connector: "http", Operation: "request", Input: input},
	}
}

// example writes an event to a file for `holdfast publish`. Its ids hold NEW, for sed to fill in.
func (s *Stack) example(name string, t events.Type, payload any) (string, error) {
	e, err := s.Upstream(t, payload)
	if err != nil {
		return "", err
	}
	line, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": strings.TrimSuffix(name, ".jsonl") + "-NEW", "source": e.Source, "type": e.Type,
		"time": e.Time, "data": e.Data,
	})
	if err != nil {
		return "", err
	}
	return s.folder.write(filepath.Join("try", name), append(line, '\n'))
}

// programName is how the reader started us, as far as that can be told.
func programName(given string) string {
	if given != "" {
		return given
	}
	self, err := os.Executable()
	if err != nil {
		return "holdfast"
	}
	if strings.Contains(self, "go-build") {
		return "go run ./cmd/holdfast"
	}
	if found, err := exec.LookPath("holdfast"); err == nil && found == self {
		return "holdfast"
	}
	return self
}
