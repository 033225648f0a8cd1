package testkit

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
)

// AddMember adds a member to every answer that is a JSON object, until Pass: a provider that says more.
func (p *Proxy) AddMember(name string, value any) {
	p.Intercept(nil, func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		p.forward.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		var members map[string]any
		if json.Unmarshal(body, &members) == nil && members != nil {
			members[name] = value
			if more, err := json.Marshal(members); err == nil {
				body = more
			}
		}
		copyHeader(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	})
}

// copyHeader copies all but the length, which may be another by now.
func copyHeader(to, from http.Header) {
	for name, values := range from {
		if name != "Content-Length" {
			to[name] = values
		}
	}
}
