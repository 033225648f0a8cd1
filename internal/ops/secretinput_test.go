package ops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/credential"
	"holdfast/internal/ops"
	"holdfast/internal/secret"
)

func TestC2_ASecretIsReadFromJSONOrAsASingleValue(t *testing.T) {
	user := ops.SecretFields{"username": secret.New("ada")}
	for name, tt := range map[string]struct {
		method credential.Method
		raw    string
		given  ops.SecretFields
		want   string // name=value …; empty: refused
	}{
		"an object":                  {credential.Basic, `{"username":"ada","password":"p\"q"}`, nil, `password=p"q username=ada`},
		"a value beside a user name": {credential.Basic, "hunter2\n", user, "password=hunter2 username=ada"},
		"a value for two fields":     {credential.Basic, "hunter2", nil, ""},
		"an API key":                 {credential.APIKey, "key\r\n", nil, "api_key=key"},
		"only one line break goes":   {credential.Bearer, "t\n\n", nil, "token=t\n"},
		"a client secret":            {credential.ClientCredentials, "s", nil, "client_secret=s"},
		"several client secrets":     {credential.ClientCredentials, `{"client_secrets":["a","b"]}`, nil, `client_secrets=["a","b"]`},
		"a refresh token or client":  {credential.RefreshToken, "r", nil, ""},
		"a key of several lines":     {credential.JWTBearer, "-----BEGIN\nabc\n", nil, "private_key=-----BEGIN\nabc"},
		"a field of another method":  {credential.APIKey, `{"password":"CANARY"}`, nil, ""},
		"a broken object":            {credential.APIKey, `{"api_key":"CANARY`, nil, ""},
		"a nested value":             {credential.APIKey, `{"api_key":{"CANARY":1}}`, nil, ""},
		"nothing":                    {credential.APIKey, "\n", nil, ""},
		"no text":                    {credential.APIKey, "CANARY\xff", nil, ""},
		"a method without a secret":  {credential.None, "CANARY", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ops.ParseSecret([]byte(tt.raw), tt.method.Fields(), tt.given)
			if tt.want == "" {
				var p *ops.Problem
				if !errors.As(err, &p) || p.Kind != ops.Unclear || strings.Contains(err.Error(), "CANARY") {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil || reveal(got) != tt.want {
				t.Fatalf("%s, %v", reveal(got), err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), "hunter2") {
				t.Error("the fields print their values")
			}
		})
	}
}

func TestC1_EveryMethodSaysWhichFieldsItNeeds(t *testing.T) {
	for m, want := range map[credential.Method]string{
		credential.None: "", credential.Basic: "username password", credential.APIKey: "api_key", credential.Bearer: "token",
		credential.ClientCredentials: "client_id client_secret", credential.RefreshToken: "client_id",
		credential.JWTBearer: "client_id private_key",
	} {
		var names []string
		for _, f := range (ops.SecretFields{}).Missing(m.Fields(), "") {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", m, got, want)
		}
	}
	several := ops.SecretFields{"client_secrets": secret.New(`["a"]`)}
	if missing := several.Missing(credential.ClientCredentials.Fields(), "client"); len(missing) != 0 {
		t.Errorf("%v", missing)
	}
}

func reveal(fields ops.SecretFields) string {
	var all []string
	for _, name := range []string{"api_key", "client_secret", "client_secrets", "password", "private_key", "token", "username"} {
		if v, ok := fields[name]; ok {
			all = append(all, name+"="+v.Reveal())
		}
	}
	return strings.Join(all, " ")
}
