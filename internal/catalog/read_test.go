package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/catalog"
)

func TestC1_MistakesInATypesFileAreNamedWithTheirPlace(t *testing.T) {
	for _, tt := range []struct{ line, instead, want string }{
		{"title: [", "title: Sample", `sample.yaml:`},
		{"titel: Sample", "title: Sample", `sample.yaml:2:1: titel: there is no such key`},
		{"title: 7", "title: Sample", `sample.yaml:2:1: title: wants string`},
		{"target: moon", "target: web_service", `sample.yaml:4:1: target: wants one of [web_service list site site_collection tenancy]`},
		{"docs: http://sample.example", "docs: https://sample.example/docs", `sample.yaml:3:1: docs: wants to match`},
		{"auth: []", "auth: [{method: none}]", `sample.yaml:7:1: auth: wants at least 1 elements`},
		{"auth: [{method: none}, {method: none}]", "auth: [{method: none}]", `sample.yaml:7:25: auth[1].method: the method is there twice`},
		{"auth: [{method: kerberos}]", "auth: [{method: none}]", `sample.yaml:7:9: auth[0].method: wants one of`},
		{"auth: [{method: none, token_url: https://a.example}]", "auth: [{method: none}]", `sample.yaml:7:23: auth[0].token_url: only oauth2 methods have a provider`},
		{"auth: [{method: basic, fields: {pasword: x}}]", "auth: [{method: none}]", `sample.yaml:7:33: auth[0].fields.pasword: the method's secret has no such field`},
		{"base_url: https://{sub}.sample.example", "base_url: https://api.sample.example", `sample.yaml:5:1: base_url: there is no setting "sub"`},
		{"base_url: ftp://sample.example", "base_url: https://api.sample.example", `sample.yaml:5:1: base_url: is no https or http address, and no setting alone`},
		{"base_url: https://{Sub}.example", "base_url: https://api.sample.example", `sample.yaml:5:1: base_url: holds a brace that is no {setting}`},
		{"settings: [{name: a, title: A, type: string, pattern: \"(\"}]", "settings: []", `sample.yaml:6:46: settings[0].pattern: is no regular expression`},
		{"settings: [{name: a, title: A, type: list, default: x}]", "settings: []", `sample.yaml:6:44: settings[0].default: wants a list`},
		{"settings: [{name: a, title: A, type: string, secret: true, default: x}]", "settings: []", `sample.yaml:6:46: settings[0].secret: a secret is in Vault alone: it is neither passed on nor has a default`},
		{"settings: [{name: a, title: A, type: string}, {name: a, title: A, type: string}]", "settings: []", `sample.yaml:6:48: settings[1].name: there is another setting of this name`},
		{"settings: [{title: A, type: string}]", "settings: []", `sample.yaml:6:13: settings[0].name: is missing`},
		{"settings: []\nbase_url: https://{sub}.x.example", "base_url: https://api.sample.example\nsettings: []", `there is no setting "sub"`},
		{"settings: [{name: sub, title: S, type: string, required: true}]\nbase_url: https://{sub}.x.example", "base_url: https://api.sample.example\nsettings: []", `sample.yaml:6:1: base_url: the setting "sub" needs a pattern to stand here`},
		{"settings: [{name: sub, title: S, type: string, pattern: a}]\nbase_url: https://{sub}.x.example", "base_url: https://api.sample.example\nsettings: []", `the setting "sub" is needed here: it is required, or has a default`},
		{"settings: [{name: u, title: U, type: string, required: true, pattern: .*}]\nbase_url: \"{u}\"", "base_url: https://api.sample.example\nsettings: []", `the pattern of "u" begins with https:// or https?://`},
		{"bad_credentials: [{status: 200}]", "settings: []", `sample.yaml:6:20: bad_credentials[0].body: is missing`},
		{"bad_credentials: [{status: 403, body: \"(\"}]", "settings: []", `sample.yaml:6:33: bad_credentials[0].body: is no regular expression`},
		{"actions: [{connector: http, methods: [basic]}]", "actions: [{connector: http}]", `sample.yaml:8:39: actions[0].methods[0]: the type has no such authentication method`},
		{"replaces: http", "settings: []", `sample.yaml:6:1: replaces: is not the type's own name`},
	} {
		text := strings.Replace(sample, tt.instead, tt.line, 1)
		if text == sample {
			t.Fatalf("the sample has no %q", tt.instead)
		}
		_, problems := catalog.Read("sample.yaml", []byte(text))
		err := &catalog.Error{Problems: problems}
		if len(problems) == 0 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n%s\nwant %s", tt.line, err, tt.want)
		}
	}
}

// folder writes files and gives their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestC1_MoreTypesComeFromAFolder(t *testing.T) {
	again := strings.Replace(sample, "name: sample", "name: slack", 1)
	c, err := catalog.Load(folder(t, map[string]string{"a.yaml": sample, "b.yml": again + "replaces: slack\n", "README.md": "no type"}))
	if err != nil {
		t.Fatal(err)
	}
	if typ, ok := c.Lookup("sample"); !ok || filepath.Base(typ.From) != "a.yaml" {
		t.Error("the folder's type is not there")
	}
	if typ, _ := c.Lookup("slack"); typ.Title != "Sample" {
		t.Error("the folder's slack did not take the place of ours")
	}
	if n := len(builtin(t).All()); len(c.All()) != n+1 {
		t.Errorf("%d types, want %d", len(c.All()), n+1)
	}
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"built in":        {map[string]string{"a.yaml": again}, `slack is built in; a file that takes its place says so: "replaces: slack"`},
		"nothing to":      {map[string]string{"a.yaml": sample + "replaces: sample\n"}, "there is no built-in type of this name"},
		"twice":           {map[string]string{"a.yaml": sample, "b.yaml": sample}, "the type is also described in"},
		"replaced twice":  {map[string]string{"a.yaml": again + "replaces: slack\n", "b.yaml": again + "replaces: slack\n"}, "the type is also described in"},
		"all of them":     {map[string]string{"a.yaml": "name: 7\n", "b.yaml": "name: 8\n"}, "b.yaml:1:1: name: wants string"},
		"nothing in it":   {map[string]string{"a.yaml": ""}, "a.yaml:1:1: wants one YAML document"},
		"two in one file": {map[string]string{"a.yaml": sample + "---\n" + sample}, "wants one YAML document"},
	} {
		_, err := catalog.Load(folder(t, tt.files))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if _, err := catalog.Load(filepath.Join(t.TempDir(), "none")); len(catalog.Problems(err)) != 1 {
		t.Errorf("a folder that is not there: %v", err)
	}
}
