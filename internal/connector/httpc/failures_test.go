package httpc

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
)

func TestC12_ABodyMayBeDeclaredToMeanAuthentication(t *testing.T) {
	long := strings.Repeat(" ", 8<<10) + `"invalid_auth"`
	answers := map[string]struct {
		status int
		body   string
		want   fault.Reason
	}{
		"/bad":       {200, `{"ok":false,"error":"invalid_auth"}`, fault.BadCredentials},
		"/other":     {200, `{"ok":false,"error":"channel_not_found"}`, ""},
		"/elsewhere": {201, `{"ok":false,"error":"invalid_auth"}`, ""},
		"/refused":   {403, `Bad_OAuth_Token`, fault.BadCredentials},
		"/forbidden": {403, `no rights`, fault.Forbidden},
		"/far":       {200, long, ""},
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(answers[r.URL.Path].status)
		_, _ = w.Write([]byte(answers[r.URL.Path].body))
	})
	const declared = `"auth_failures":[{"status":200,"body":"\"invalid_auth\""},{"status":403,"body":"^Bad_OAuth_Token$"}]`
	c := newConnector(t, Options{})
	for path, a := range answers {
		for _, bound := range []string{`"max_response_bytes":0`, `"max_response_bytes":4096`} {
			r := request(s.URL, "GET", path, declared, bound, `"test_path":"`+path+`"`)
			result, err := c.Execute(t.Context(), r)
			if got := reasonOf(err); got != a.want {
				t.Errorf("%s with %s: %q, want %q", path, bound, got, a.want)
			}
			if a.want == fault.BadCredentials && (result.Response != nil || !fault.From(err).NoEffect) {
				t.Errorf("%s: response %s, %+v", path, result.Response, fault.From(err))
			}
			if got := reasonOf(c.Test(t.Context(), r)); got != a.want {
				t.Errorf("the test of %s with %s: %q, want %q", path, bound, got, a.want)
			}
		}
	}
}

func reasonOf(err error) fault.Reason {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func TestC3_FixedHeadersGoWithEveryRequest(t *testing.T) {
	var got []string
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("X-Api-Version")+" "+r.Header.Get("Accept"))
	})
	c := newConnector(t, Options{})
	fixed := `"headers":{"x-api-version":"7","Accept":"application/json"}`
	r := request(s.URL, "GET", "/", fixed, `"test_path":"/"`)
	if err := c.Test(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Input = json.RawMessage(`{"method":"GET","headers":{"X-API-Version":"8"}}`)
	if _, err := c.Execute(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if want := "7 application/json,8 application/json"; strings.Join(got, ",") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestC1_HeadersAndFailuresThatCanNotBeUsedAreRefused(t *testing.T) {
	c := newConnector(t, Options{})
	for member, field := range map[string]string{
		`"headers":{"Authorization":"x"}`:                                             "/headers/Authorization",
		`"headers":{"proxy-authorization":"x"}`:                                       "/headers/proxy-authorization",
		`"headers":{"a b":"x"}`:                                                       "/headers/a b",
		`"headers":{"X-A":"x\ny"}`:                                                    "/headers/X-A",
		`"auth_failures":[{"status":500,"body":"x"}]`:                                 "/auth_failures/0/status",
		`"auth_failures":[{"status":429,"body":"x"}]`:                                 "/auth_failures/0/status",
		`"auth_failures":[{"status":200}]`:                                            "/auth_failures/0/status",
		`"auth_failures":[{"status":403},{"status":200,"body":"("}]`:                  "/auth_failures/1/body",
		`"auth_failures":[{"status":200,"body":"` + strings.Repeat("a", 2000) + `"}]`: "/auth_failures/0/body",
		`"auth_failures":[{"status":401,"expression":"x"}]`:                           "/auth_failures/0/expression",
	} {
		f := fault.From(c.CheckSettings(json.RawMessage(`{"base_url":"https://h",` + member + `}`)))
		if f == nil || f.Reason != fault.SettingsInvalid || f.Field != field {
			t.Errorf("%.60s: %+v, want %s", member, f, field)
		}
	}
	if err := c.Validate(connector.Request{Operation: "request", Settings: json.RawMessage(`{"base_url":"https://h","auth_failures":[{"status":403}]}`),
		Input: json.RawMessage(`{"method":"GET"}`)}); err != nil {
		t.Error(err)
	}
}
