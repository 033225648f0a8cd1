package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/pflag"

	"holdfast/internal/config"
	"holdfast/internal/secret"
)

// loadCase loads a case: its files in a folder of their own, env one pair a line, args one flag a line. A
// login that lacks nothing is there unless the file says otherwise.
func loadCase(t *testing.T, files map[string]string) (*config.Loaded, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fs := pflag.NewFlagSet("case", pflag.ContinueOnError)
	path := fs.String("config", "", "")
	flags := config.BindFlags(fs)
	if err := fs.Parse(strings.Fields(files["args"])); err != nil {
		t.Fatal(err)
	}
	if _, ok := files["holdfast.yaml"]; ok {
		*path = "holdfast.yaml"
	}
	env := append([]string{"VAULT_TOKEN=CANARY-token", "PATH=/bin"}, strings.Fields(files["env"])...)
	return config.Load(config.Options{Path: *path, Environ: env, Flags: flags, Vault: true})
}

func TestMistakes(t *testing.T) {
	cases, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			files := make(map[string]string)
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			_, err := loadCase(t, files)
			if err == nil {
				t.Fatal("loaded without a mistake")
			}
			if got := err.Error() + "\n"; got != files["want"] {
				t.Errorf("got\n%s\nwant\n%s", got, files["want"])
			}
			if strings.Contains(err.Error(), "CANARY") {
				t.Error("the message repeats a secret")
			}
		})
	}
}

func TestGoodFile(t *testing.T) {
	good, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := loadCase(t, map[string]string{
		"holdfast.yaml": string(good), "worker.creds": "x", "ca.pem": "x", "secret-id": "CANARY-id\r\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]bool{
		"urls":        len(c.NATS.URLs) == 2 && c.NATS.URLs[1] == "tls://n2.example.com:4222",
		"secret file": c.Vault.Auth.SecretID.Reveal() == "CANARY-id",
		"durations":   c.Vault.StaleFor == 5*time.Minute && c.Retention.Actions == 72*time.Hour,
		"float":       c.Worker.ResumeRate == 500.5,
		"default":     c.Worker.AckWait == 30*time.Second,
		"block list":  len(c.HTTP.AllowAddresses) == 2,
		"log levels":  c.Log.LevelOf(config.LogBus) == "warn" && c.Log.LevelOf(config.LogDeliveries) == "error" && c.Log.LevelOf(config.LogVault) == "debug",
	}
	for what, ok := range checks {
		if !ok {
			t.Errorf("%s: not as in the file: %+v", what, c.Config)
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := "vault:\n  address: http://file:1\n"
	tests := []struct{ name, file, env, args, want, from string }{
		{"default", "", "", "", "http://127.0.0.1:8200", "default"},
		{"file over default", file, "", "", "http://file:1", "file holdfast.yaml:2:3"},
		{"plain variable over file", file, "VAULT_ADDR=http://plain:1", "", "http://plain:1", "env VAULT_ADDR"},
		{"own variable over plain", file, "VAULT_ADDR=http://plain:1 HOLDFAST_VAULT_ADDRESS=http://env:1", "",
			"http://env:1", "env HOLDFAST_VAULT_ADDRESS"},
		{"empty variable is not set", file, "HOLDFAST_VAULT_ADDRESS=", "", "http://file:1", "file holdfast.yaml:2:3"},
		{"flag over all", file, "HOLDFAST_VAULT_ADDRESS=http://env:1", "--vault-address=http://flag:1",
			"http://flag:1", "flag --vault-address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := loadCase(t, map[string]string{"holdfast.yaml": tt.file, "env": tt.env, "args": tt.args})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range c.Rows() {
				if from := strings.TrimSpace(row.From + " " + row.Place); row.Key == "vault.address" &&
					(row.Value != tt.want || from != tt.from) {
					t.Errorf("got %s from %s, want %s from %s", row.Value, from, tt.want, tt.from)
				}
			}
		})
	}
}

func TestListsFromFlagsAndVariables(t *testing.T) {
	c, err := loadCase(t, map[string]string{
		"env":  "NATS_URL=nats://a:1,nats://b:2",
		"args": "--http-allow-addresses=127.0.0.1 --http-allow-addresses=::1,localhost --worker-setup",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.NATS.URLs) != 2 || len(c.HTTP.AllowAddresses) != 3 || !c.Worker.Setup {
		t.Errorf("got %+v", c.Config)
	}
}

func TestKubernetesServiceLinksAreNotOurs(t *testing.T) {
	_, err := loadCase(t, map[string]string{"env": `HOLDFAST_SERVICE_HOST=10.0.0.1 HOLDFAST_PORT=tcp://10.0.0.1:9464
		HOLDFAST_PORT_9464_TCP_ADDR=10.0.0.1 HOLDFAST_METRICS_SERVICE_PORT_HTTP=9464 HOLDFAST_TEST_DEBUG=1`})
	if err != nil {
		t.Error(err)
	}
}

func TestSecretsHaveTwinsAndNoFlags(t *testing.T) {
	all := config.Settings()
	keys := make(map[string]bool)
	for _, s := range all {
		keys[s.Key] = true
		if s.Help == "" || strings.HasPrefix(s.Help, " ") {
			t.Errorf("%s has no help", s.Key)
		}
	}
	fs := pflag.NewFlagSet("all", pflag.ContinueOnError)
	config.BindFlags(fs)
	for _, s := range all {
		switch secretKind := s.Kind == "secret"; {
		case secretKind && !keys[s.Key+"_file"]:
			t.Errorf("%s has no twin", s.Key)
		case secretKind && s.Flag != "":
			t.Errorf("%s has a flag: command lines are no place for secrets", s.Key)
		case !secretKind && fs.Lookup(strings.TrimPrefix(s.Flag, "--")) == nil:
			t.Errorf("%s has no flag", s.Key)
		}
	}
}

// C2: a configuration may be printed.
func TestC2_ConfigurationPrintsWithoutSecrets(t *testing.T) {
	c, err := loadCase(t, map[string]string{"holdfast.yaml": "nats: {user: w, password: CANARY-pw}\n"})
	if err != nil {
		t.Fatal(err)
	}
	if c.NATS.Password.Reveal() != "CANARY-pw" || c.Vault.Auth.Token.Reveal() != "CANARY-token" {
		t.Fatal("the secrets did not arrive")
	}
	asJSON, err := json.Marshal(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%+v", c.Rows()), string(asJSON)}
	for _, text := range texts {
		if strings.Contains(text, "CANARY") || !strings.Contains(text, secret.Redacted) {
			t.Errorf("not redacted: %s", text)
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	if _, err := loadCase(t, nil); err != nil {
		t.Error(err)
	}
	var e *config.Error
	if _, err := config.Load(config.Options{Vault: true}); !errors.As(err, &e) || e.Problems[0].Key != "vault.auth.token" {
		t.Errorf("a worker without a Vault token: %v", err)
	}
	if _, err := config.Load(config.Options{}); err != nil {
		t.Errorf("a command that needs no Vault: %v", err)
	}
}

// The documentation has a table that is made from the tags; UPDATE_DOCS=1 rewrites it.
func TestDocumentation(t *testing.T) {
	const path = "../../docs/configuration.md"
	const begin, end = "<!-- settings: made by internal/config -->\n", "<!-- end of settings -->"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks are gone from docs/configuration.md")
	}
	if table == config.Markdown() {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatal("docs/configuration.md is out of date: UPDATE_DOCS=1 go test ./internal/config -run Documentation")
	}
	if err := os.WriteFile(path, []byte(before+begin+config.Markdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
