package odata

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

func itoa(n int) string { return strconv.Itoa(n) }

// saying starts a service that always gives the same answer.
func saying(t *testing.T, status int, header, text string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set("ETag", header)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestC3_AnswersOfAllVersionsAreRead(t *testing.T) {
	for _, text := range []string{
		`{"value":[{"a":1}],"@odata.nextLink":"?x=1"}`,
		`{"value":[{"a":1}],"@nextLink":"?x=1"}`,
		`{"value":[{"a":1}],"odata.nextLink":"?x=1"}`,
		`{"d":{"results":[{"a":1}],"__next":"?x=1"}}`,
	} {
		l, _ := do(t, request(saying(t, 200, "", text), List, `{"entity_set":"A","max_pages":1}`))
		if len(l.Items) != 1 || string(l.Items[0]) != `{"a":1}` || !l.Next {
			t.Errorf("%s: %+v", text, l)
		}
	}
	if l, _ := do(t, request(saying(t, 200, "", `{"d":[{"a":1}]}`), List, `{"entity_set":"A"}`)); len(l.Items) != 1 || l.Next {
		t.Errorf("%+v", l)
	}
	for _, tt := range []struct{ header, text string }{
		{`"1"`, `{"a":1}`}, {"", `{"a":1,"@odata.etag":"\"1\""}`}, {"", `{"a":1,"@etag":"\"1\""}`}, {"", `{"a":1,"odata.etag":"\"1\""}`},
		{"", `{"d":{"a":1,"__metadata":{"etag":"\"1\""}}}`},
	} {
		_, e := do(t, request(saying(t, 200, tt.header, tt.text), Get, `{"entity_set":"A","key":1}`))
		if e.ETag != `"1"` || !strings.HasPrefix(string(e.Item), `{"a":1`) {
			t.Errorf("%s: %+v", tt.text, e)
		}
	}
}

func TestC3_AnAnswerThatIsNoUseFailsAReadAndNoWrite(t *testing.T) {
	for _, text := range []string{"", "<html>sign in</html>", `[]`, `{}`, `{"value":1}`, `{"value":[1]}`, `{"d":1}`,
		`{"value":[],"value":[]}`, `{"value":[{"a":"` + strings.Repeat("x", 500) + `"}]}`} {
		base := saying(t, 200, "", text)
		_, err := newConnector(t).Execute(t.Context(), request(base, List, `{"entity_set":"A"}`, `"max_response_bytes":400`))
		f := fault.From(err)
		if f == nil || f.Reason != fault.TargetRejected || strings.Contains(f.Detail, "sign in") {
			t.Errorf("list %.30s: %+v", text, f)
		}
		if len(text) > 400 && !strings.Contains(f.Detail, "max_response_bytes") {
			t.Errorf("too long: %s", f.Detail)
		}
		_, e := do(t, request(base, Create, `{"entity_set":"A","fields":{"B":1}}`, `"max_response_bytes":400`))
		if e.Status != 200 {
			t.Errorf("create %.30s: %+v", text, e)
		}
	}
}

func TestC3_WhatAServiceRefusesWithIsTold(t *testing.T) {
	for text, want := range map[string]serviceError{
		`{"error":{"code":"c","message":"m"}}`:                                          {"c", "m"},
		`{"odata.error":{"code":"c","message":{"lang":"en","value":"m"}}}`:              {"c", "m"},
		`{"error":{"code":"c","message":{"lang":"en","value":"Canary-password is m"}}}`: {"c", "[redacted] is m"},
	} {
		r := request(saying(t, 400, "", text), Create, `{"entity_set":"A","fields":{"B":1}}`)
		r.Credential = credential.NewBasic("u", secret.New("Canary-password"))
		result, err := newConnector(t).Execute(t.Context(), r)
		_, e := read(t, result)
		if fault.From(err).Reason != fault.TargetRejected || e.Status != 400 || e.Error == nil || *e.Error != want {
			t.Errorf("%s: %v, %s", text, err, result.Response)
		}
	}
	result, err := newConnector(t).Execute(t.Context(), request(saying(t, 400, "", "no"), List, `{"entity_set":"A"}`))
	if _, e := read(t, result); err == nil || e.Error != nil || e.Status != 400 {
		t.Errorf("%v, %s", err, result.Response)
	}
}

func TestC1_WrongODataSettingsNameTheField(t *testing.T) {
	c := newConnector(t)
	for settings, field := range map[string]string{
		`{}`:                               "/base_url",
		`{"base_url":"https://h","bse":1}`: "/bse",
		`{"base_url":"https://h","base_url":"https://i"}`:                                                   "/base_url",
		`{"base_url":"https://h","entity_sets":"a b"}`:                                                      "/entity_sets",
		`{"base_url":"https://h","entity_sets":5}`:                                                          "/entity_sets",
		`{"base_url":"https://h","entity_sets":["a",{"name":"b","key":null}]}`:                              "",
		`{"base_url":"https://h","odata_version":"2.0"}`:                                                    "/odata_version",
		`{"base_url":"https://h","odata_version":4}`:                                                        "/odata_version",
		`{"base_url":"https://h","max_response_bytes":-1}`:                                                  "/max_response_bytes",
		`{"base_url":"https://h","entity_sets":"_api/web","odata_version":"3.0","max_response_bytes":1000}`: "",
	} {
		err := c.CheckSettings(json.RawMessage(settings))
		if f := fault.From(err); field == "" && err != nil || field != "" && (f == nil || f.Reason != fault.SettingsInvalid || f.Field != field) {
			t.Errorf("%s: %+v, want field %q", settings, f, field)
		}
	}
}

func TestC1_WhatTheURLCanNotCarryNamesTheMember(t *testing.T) {
	c := newConnector(t)
	long := strings.Repeat("x", 20_000)
	for _, tt := range []struct{ operation, input, field string }{
		{Get, `{"entity_set":"A","key":"a/../../b"}`, "/key"},
		{Get, `{"entity_set":"A","key":"a\u0000"}`, "/key"},
		{Get, `{"entity_set":"A","key":"` + long + `"}`, "/key"},
		{List, `{"entity_set":["A",{"name":"B","key":".."},{"name":"C","key":"x/../y"},"D"]}`, "/entity_set"},
		{List, `{"entity_set":"A","filter":{"field":"B","op":"eq","value":"` + long + `"}}`, "/filter"},
		{Delete, `{"entity_set":"A","key":1,"etag":"a\nb"}`, "/etag"},
	} {
		err := c.Validate(request("https://h/api", tt.operation, tt.input))
		if f := fault.From(err); f == nil || f.Reason != fault.InputInvalid || f.Field != tt.field {
			t.Errorf("%s %.60s: %+v, want field %q", tt.operation, tt.input, f, tt.field)
		}
	}
	if err := c.Validate(request("https://h/api", Get, `{"entity_set":"A","key":1}`)); err != nil {
		t.Error(err)
	}
}
