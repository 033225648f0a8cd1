package httpc

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

const canary = `Canary-7fQ/x+"<9>`

// leaks lists the spellings of the canary that a text holds.
func leaks(text string) []string {
	pair := base64.StdEncoding.EncodeToString([]byte("user:" + canary))
	quoted, _ := json.Marshal(canary)
	twice, _ := json.Marshal(string(quoted[1 : len(quoted)-1]))
	var found []string
	for _, form := range []string{canary, "Canary-7fQ", url.QueryEscape(canary), url.PathEscape(canary), pair, url.QueryEscape(pair),
		base64.RawURLEncoding.EncodeToString([]byte(canary)), hex.EncodeToString([]byte(canary)),
		string(quoted[1 : len(quoted)-1]), string(twice[1 : len(twice)-1])} {
		if strings.Contains(text, form) {
			found = append(found, form)
		}
	}
	return found
}

// echoing repeats the credential wherever a target can.
func echoing(w http.ResponseWriter, r *http.Request) {
	auth := r.Header.Get("Authorization") + r.Header.Get("X-Api-Key")
	_, password, _ := r.BasicAuth()
	h := w.Header()
	h.Set("X-Request-Id", auth)
	h.Set("ETag", `"`+hex.EncodeToString([]byte(canary))+`"`)
	h.Set("Link", "<https://h/?t="+url.QueryEscape(canary)+">")
	h.Set("Location", "https://elsewhere.test/?token="+url.QueryEscape(canary)+"&a="+url.QueryEscape(auth))
	var code int
	_, _ = fmt.Sscanf(r.URL.Path, "/%d", &code)
	w.WriteHeader(code)
	if strings.HasSuffix(r.URL.Path, "/text") {
		_, _ = fmt.Fprintf(w, "you sent %s, that is %s; %s; %s", auth, password, url.PathEscape(canary),
			base64.RawURLEncoding.EncodeToString([]byte(canary)))
		return
	}
	inner, _ := json.Marshal(map[string]string{canary: auth})
	_ = json.NewEncoder(w).Encode(map[string]any{
		canary: password, "auth": auth, "headers": r.Header, "nested": []any{map[string]string{"k" + canary: canary}}, "inner": string(inner),
	})
}

func TestC2_ACredentialThatComesBackIsMasked(t *testing.T) {
	s := serve(t, echoing)
	c := newConnector(t, Options{})
	for name, cred := range map[string]credential.Credential{
		"basic":  credential.NewBasic("user", secret.New(canary)),
		"bearer": credential.NewBearer(secret.New(canary), time.Time{}),
		"key":    credential.NewHeader("X-Api-Key", secret.New(canary)),
	} {
		for _, code := range []int{200, 302, 400, 401, 403, 404, 429, 500} {
			for _, kind := range []string{"json", "text"} {
				r := request(s.URL, "POST", fmt.Sprintf("/%d/%s", code, kind))
				r.Credential = cred
				result, err := c.Execute(t.Context(), r)
				text := fmt.Sprintf("%s %v %+v", result.Response, err, fault.From(err))
				if f := fault.From(err); f != nil {
					text += f.Hint + f.Detail
				}
				if found := leaks(text); len(found) > 0 {
					t.Errorf("%s %d %s: %q in %s", name, code, kind, found, text)
				}
				if code == 200 && kind == "json" && response(t, result).Body == nil {
					t.Errorf("%s: masking broke the JSON: %s", name, result.Response)
				}
			}
		}
	}
}

func TestC2_ACutBodyEndsInNoPartOfTheSecret(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("01234567.:" + canary + "rest")) })
	c := newConnector(t, Options{})
	for limit := 10; limit < 10+len(canary); limit++ {
		r := request(s.URL, "GET", "/", fmt.Sprintf(`"max_response_bytes":%d`, limit))
		r.Credential = credential.NewBearer(secret.New(canary), time.Time{})
		result, err := c.Execute(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if d := response(t, result); d.BodyText != "01234567.:" || !d.Truncated || d.Bytes != limit {
			t.Errorf("%d bytes: %s", limit, result.Response)
		}
	}
}

func TestC2_ABodyThatCannotBeSearchedIsLeftOut(t *testing.T) {
	utf16 := []byte{}
	for _, c := range []byte(canary) {
		utf16 = append(utf16, c, 0)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/br":
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write([]byte(canary))
		case "/utf16":
			_, _ = w.Write(utf16)
		case "/binary":
			_, _ = w.Write([]byte{0xff, 0xfe, 1})
		default:
			_, _ = w.Write([]byte("abc or so"))
		}
	})
	c := newConnector(t, Options{})
	for path, want := range map[string]string{"/br": "encoded", "/utf16": "binary", "/binary": "binary", "/": "secret_too_short"} {
		r := request(s.URL, "GET", path)
		r.Credential = credential.NewBearer(secret.New(canary), time.Time{})
		if path == "/" {
			r.Credential = credential.NewBasic("u", secret.New("abc"))
		}
		result, err := c.Execute(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if d := response(t, result); d.BodyOmitted != want || d.Body != nil || d.BodyText != "" {
			t.Errorf("%s: %s", path, result.Response)
		}
	}
}
