package httpc

import (
	"net/textproto"
	"regexp"
	"strconv"

	"holdfast/internal/credential"
)

// Bounds of what a settings document may declare about bad credentials, and how much of a body is searched.
const (
	maxFailures   = 32
	maxExpression = 1 << 10
	searchedBytes = 4 << 10
)

// authFailure is one way of a target to say "bad credentials": a status, alone or with a body that matches a
// regular expression (RE2, which takes linear time).
type authFailure struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// setFixed takes headers that go with every request, the test included. An input may send another value.
func (s *settings) setFixed(d settingsDocument) error {
	if len(d.Headers) > maxHeaders {
		return wrongSetting("too many headers", "headers")
	}
	for name, value := range d.Headers {
		if why := headerProblem(textproto.CanonicalMIMEHeaderKey(name), value, credential.Credential{}); why != "" {
			return wrongSetting(why, "headers", name)
		}
	}
	s.fixed = d.Headers
	return nil
}

func (s *settings) setFailures(d settingsDocument) error {
	if len(d.AuthFailures) > maxFailures {
		return wrongSetting("too many ways to say bad credentials", "auth_failures")
	}
	for i, f := range d.AuthFailures {
		if f.Body == "" {
			if !mayMeanAuth(f.Status) {
				return wrongSetting("a status that may mean bad credentials is from 300 to 499, and none that asks to wait",
					"auth_failures", strconv.Itoa(i), "status")
			}
			s.authStatuses[f.Status] = true
			continue
		}
		if err := s.addBody(i, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) addBody(i int, f authFailure) error {
	if !mayMeanAuth(f.Status) && f.Status/100 != 2 {
		return wrongSetting("a status whose body may mean bad credentials is from 200 to 499, and none that asks to wait",
			"auth_failures", strconv.Itoa(i), "status")
	}
	re, ok := compiled(f.Body)
	if !ok {
		return wrongSetting("this is no regular expression, or too long a one", "auth_failures", strconv.Itoa(i), "body")
	}
	if s.authBodies == nil {
		s.authBodies = make(map[int][]*regexp.Regexp)
	}
	s.authBodies[f.Status] = append(s.authBodies[f.Status], re)
	return nil
}

// saysBadAuth tells whether a body, as far as it was read, is one that means bad credentials.
func (s *settings) saysBadAuth(code int, body []byte) bool {
	for _, re := range s.authBodies[code] {
		if re.Match(body) {
			return true
		}
	}
	return false
}
