package secretscan_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/secretscan"
)

// The samples are put together here so that no scanner of source code takes them for real ones.
var (
	pemKey     = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
	vaultToken = "hvs." + strings.Repeat("CAESIJ3x", 4)
	oldVault   = "s." + strings.Repeat("aB3dE6", 4)
	jwt        = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTYifQ" + ".sflKxwRJSMeKKF2QT4"
	github     = "ghp_" + strings.Repeat("a1B2c3", 6)
)

func TestC2_LooksSecret(t *testing.T) {
	for name, s := range map[string]string{
		"pem": pemKey, "vault": vaultToken, "vault batch": "hvb." + strings.Repeat("x", 30), "old vault": oldVault,
		"jwt": jwt, "github": github, "github fine-grained": "github_pat_" + strings.Repeat("x1", 15),
		"gitlab": "glpat-" + strings.Repeat("x1", 10), "slack": "xoxb-123456789012-abcdef", "aws": "AKIA" + "IOSFODNN7EXAMPLE",
		"stripe": "sk_live_" + strings.Repeat("4e", 12), "bearer": "Bearer abcdef123456",
		"bearer in a sentence": "send BEARER   abcdef123456 along", "basic": "Basic dXNlcjpwYXNz", "basic padded": "basic dXNlcjpwYXNzdw==",
		"url": "https://user:hunter2@h.example/x", "url in a sentence": "see amqp://u:p@host now",
		"inside": "x=" + jwt + "&y",
	} {
		if !secretscan.LooksSecret(s) {
			t.Errorf("%s is not seen", name)
		}
	}
	for _, s := range []string{"", "password", "Basic authentication", "Bearer connection", "the bearer token is in Vault",
		"Basic plan for customers", "https://h.example/a@b:c", "https://user@h.example/", "mailto:a@b", "https://h:8443/x", "s.example.com",
		"this.is.a.sentence", "xox", "AKIA", "hvs.short", "-----BEGIN PUBLIC KEY-----", "secret/data/acme/conn/crm/config",
		"https://[::1]:80/@x", "Bearer", "Basic"} {
		if secretscan.LooksSecret(s) {
			t.Errorf("%q is taken for a secret", s)
		}
	}
}

func TestC2_NamesSecret(t *testing.T) {
	for _, name := range []string{"password", "Password", "passwd", "secret", "client_secret", "clientSecret", "Client-Secret", "token",
		"access_token", "refresh_token", "api_key", "apikey", "apiKey", "private_key", "authorization", "db_password",
		"X-Vault-Token", "my.client.secret", "credentials"} {
		if !secretscan.NamesSecret(name) {
			t.Errorf("%s is not seen", name)
		}
	}
	for _, name := range []string{"token_url", "secret_version", "secret_path", "token_type", "api_key_header", "password_policy",
		"connection_id", "method", "author", "secretary", "tokenizer", "next_page_token", ""} {
		if secretscan.NamesSecret(name) {
			t.Errorf("%s is taken for a secret's name", name)
		}
	}
}

type object = map[string]any

func example(t *testing.T, eventType events.Type) object {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "schemas", "testdata", string(eventType)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at puts a value at a path of member names, and makes what is missing on the way.
func at(doc object, path string, v any) object {
	names := strings.Split(path, "/")[1:]
	o := doc
	for _, name := range names[:len(names)-1] {
		next, ok := o[name].(object)
		if !ok {
			next = object{}
			o[name] = next
		}
		o = next
	}
	o[names[len(names)-1]] = v
	return doc
}

func TestC2_InEvent(t *testing.T) {
	const input = "/data/action/input"
	for _, c := range []struct {
		name  string
		kind  events.Type
		path  string
		value any
		want  string // "": nothing is found
	}{
		{"password", events.ConnectionCreated, "/data/auth/password", "x", "/data/auth/password"},
		{"empty password", events.ConnectionCreated, "/data/auth/password", "", ""},
		{"null", events.ConnectionCreated, "/data/auth/password", nil, ""},
		{"number", events.ConnectionCreated, "/data/auth/password", int64(1234), "/data/auth/password"},
		{"object", events.ConnectionCreated, "/data/secret", object{"ref": "x"}, "/data/secret"},
		{"in settings", events.ConnectionUpdated, "/data/settings/headers/Authorization", "x", "/data/settings/headers/Authorization"},
		{"GitLab's header", events.ConnectionUpdated, "/data/settings/headers/Private-Token", "x", "/data/settings/headers/Private-Token"},
		{"Azure's header", events.ConnectionCreated, "/data/settings/headers/Ocp-Apim-Subscription-Key", "x", "/data/settings/headers/Ocp-Apim-Subscription-Key"},
		{"harmless header of a connection", events.ConnectionCreated, "/data/settings/headers/OData-Version", "4.0", ""},
		{"query of test_path", events.ConnectionUpdated, "/data/settings/test_path", "/me?v=1&api%5Fkey=x", "/data/settings/test_path"},
		{"harmless query", events.ConnectionUpdated, "/data/settings/test_path", "/me?v=1&token=&fields=password", ""},
		{"in the account", events.ConnectionUpdated, "/data/account", "svc / " + github, "/data/account"},
		{"account of a URL", events.ConnectionUpdated, "/data/account", "https://u:p@h/", "/data/account"},
		{"account", events.ConnectionUpdated, "/data/account", "svc-crm@example.com", ""},
		{"user's name", events.DirectoryUserUpdated, "/data/name", github, "/data/name"},
		{"member's id", events.DirectoryGroupUpdated, "/data/members", []any{"u", github}, "/data/members/1"},
		{"site's password", events.PlaceSiteUpdated, "/data/password", "x", "/data/password"},
		{"step's token", events.ProcessPublished, "/data/steps", []any{object{"token": "x"}}, "/data/steps/0/token"},
		{"in a list", events.ConnectionUpdated, "/data/owners", []any{"u", vaultToken}, "/data/owners/1"},
		{"in the name", events.ConnectionUpdated, "/data/name", "pw: " + jwt, "/data/name"},
		{"base_url", events.ConnectionUpdated, "/data/settings/base_url", "https://u:p@h/", "/data/settings/base_url"},
		{"extension", events.ConnectionDeleted, "/vaulttoken", vaultToken, "/vaulttoken"},
		{"event id", events.ConnectionDeleted, "/id", github, "/id"},
		{"name is the secret", events.ConnectionDeleted, "/data/" + vaultToken, 1, "/data/(hidden)"},
		{"command's reason", events.SuspensionResumeRequested, "/data/reason", "new one: " + github, "/data/reason"},
		{"reference", events.ConnectionCreated, "/data/secret_version", int64(3), ""},
		{"header", events.ActionRequested, input + "/headers/authorization", "x", input + "/headers/authorization"},
		{"cookie", events.ActionRequested, input + "/headers/Cookie", "a=b", input + "/headers/Cookie"},
		{"api key", events.ActionRequested, input + "/headers/X-API-Key", "x", input + "/headers/X-API-Key"},
		{"header value", events.ActionRequested, input + "/headers/X-Other", "Bearer abcdef123456", input + "/headers/X-Other"},
		{"harmless header", events.ActionRequested, input + "/headers/Accept", "text/plain", ""},
		{"query", events.ActionRequested, input + "/query/q", jwt, input + "/query/q"},
		{"page token", events.ActionRequested, input + "/query/token", "p2", ""},
		{"path", events.ActionRequested, input + "/path", "https://u:p@h/", input + "/path"},
		{"body's password", events.ActionRequested, input + "/body/password", "first-login", ""},
		{"body's headers", events.ActionRequested, input + "/body/headers/Authorization", "documented elsewhere", ""},
		{"body's key", events.ActionRequested, input + "/body/key", pemKey, input + "/body/key"},
		{"body's vault token", events.ActionRequested, input + "/body/deep/er", vaultToken, input + "/body/deep/er"},
		{"outside the input", events.ActionRequested, "/data/password", "x", "/data/password"},
		{"action beside the input", events.ActionRequested, "/data/action/token", "x", "/data/action/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pointer, found := secretscan.InEvent(c.kind, at(example(t, c.kind), c.path, c.value))
			if found != (c.want != "") || pointer != c.want {
				t.Errorf("found %v at %q, want %q", found, pointer, c.want)
			}
		})
	}
}

func TestTheSamePlaceIsToldEveryTime(t *testing.T) {
	doc := object{"z": vaultToken, "a": object{"k": object{"password": "x"}, "j": vaultToken}, "m": vaultToken}
	for range 50 {
		if pointer, _ := secretscan.InEvent(events.ConnectionCreated, doc); pointer != "/a/j" {
			t.Fatalf("told %s", pointer)
		}
	}
}

func TestExamplesHoldNoSecret(t *testing.T) {
	for _, eventType := range events.Inbound() {
		doc := example(t, eventType)
		if pointer, found := secretscan.InEvent(eventType, doc); found {
			t.Errorf("%s: %s", eventType, pointer)
		}
		raw, err := json.Marshal(doc)
		if err != nil || secretscan.Found(raw) {
			t.Errorf("%s: found in raw bytes: %v", eventType, err)
		}
	}
}

func TestC2_FoundInRawBytes(t *testing.T) {
	for name, raw := range map[string]string{
		"broken":         `{"data":{"password":"x"`,
		"spaced":         `{"password" : "x"`,
		"single quotes":  `{'client_secret': 'x'}`,
		"form":           `user=a&password=b`,
		"env":            "API_KEY=abc",
		"yaml":           "auth:\n  token: abc",
		"escaped":        `{"d":"{\"password\":\"x\"}"`,
		"unicode escape": `{"p\u0061ssword":"x"`,
		"escaped value":  `"Bearer\u0020abcdef123456"`,
		"line break":     `"a\nBearer abcdef123456"`,
		"slashes":        `"https:\/\/u:p@h\/"`,
		"array":          `{"secrets":["x"`,
		"duplicate":      `{"type":"holdfast.connection.deleted.v1","password":"x","password":""}`,
		"other type":     `{"type":"x","data":{"password":"x"}}`,
		"vault token":    "\xff\xfe" + vaultToken,
		"private key":    pemKey,
	} {
		if !secretscan.Found([]byte(raw)) {
			t.Errorf("%s is not seen", name)
		}
	}
	for name, raw := range map[string]string{
		"empty": "", "colons": ":::===", "no value": `{"password":""}`, "null": `{"password":null}`, "broken": `{"data":{"token_url":"https://x"`,
		"word": "the password is in Vault", "deep": strings.Repeat("[", 10_000), "bytes": "\xff\x00\x01",
	} {
		if secretscan.Found([]byte(raw)) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}

// TestO1_ARequestWhoseBodySaysPasswordIsKept: what InEvent lets through, a dead letter may keep.
func TestO1_ARequestWhoseBodySaysPasswordIsKept(t *testing.T) {
	raw, err := json.Marshal(at(example(t, events.ActionRequested), "/data/action/input/body/password", "first-login"))
	if err != nil || secretscan.Found(raw) {
		t.Error("found", err)
	}
}

func TestFoundIsFastOnBigMessages(t *testing.T) {
	for name, raw := range map[string][]byte{
		"colons": bytes.Repeat([]byte(":"), 8<<20), "names": bytes.Repeat([]byte(`"passwor":"x",`), 600_000),
		"urls": bytes.Repeat([]byte("://"), 2<<20), "escapes": bytes.Repeat([]byte(`\u0041`), 1<<20),
	} {
		if secretscan.Found(raw) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}

func TestPointerHidesOddNames(t *testing.T) {
	got := secretscan.Pointer("data", "a/b~c", "a b", strings.Repeat("x", 65), vaultToken, "", "ü")
	if want := "/data/a~1b~0c/(hidden)/(hidden)/(hidden)/(hidden)/(hidden)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if long := secretscan.Pointer(make([]string, 5000)...); len(long) > 300 {
		t.Errorf("%d bytes long", len(long))
	}
}

func FuzzFound(f *testing.F) {
	for _, seed := range []string{"", `{"password":"x"`, `\`, `\u00`, "a\\", "://:@", "Basic ", "Bearer+x", `"token"="`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		secretscan.Found(raw)
		if !secretscan.Found(append(raw, "\n"+pemKey...)) {
			t.Fatalf("a private key after %q is not seen", raw)
		}
	})
}
