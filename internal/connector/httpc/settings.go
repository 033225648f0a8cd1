package httpc

import (
	"encoding/json"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"holdfast/internal/connector/strict"
	"holdfast/internal/fault"
)

// Bounds of the response body, in bytes.
const (
	defaultResponseBytes = 64 << 10
	mostResponseBytes    = 256 << 10
)

// settingsDocument is what a connection's settings look like; doc.go tells the fields.
type settingsDocument struct {
	BaseURL             string   `json:"base_url"`
	TestPath            string   `json:"test_path"`
	ResponseHeaders     []string `json:"response_headers"`
	MaxResponseBytes    *int     `json:"max_response_bytes"`
	AuthFailureStatuses []int    `json:"auth_failure_statuses"`

	Headers      map[string]string `json:"headers"`
	AuthFailures []authFailure     `json:"auth_failures"`
}

// settings are checked settings.
type settings struct {
	base         *url.URL
	test         *url.URL // nil without a test_path
	headers      map[string]bool
	maxBytes     int
	authStatuses map[int]bool
	fixed        map[string]string        // request headers, where the input sets none
	authBodies   map[int][]*regexp.Regexp // statuses that mean bad credentials with such a body
}

// CheckSettings checks a connection's settings alone.
func (*Connector) CheckSettings(document json.RawMessage) error {
	_, err := readSettings(document)
	return err
}

func readSettings(document []byte) (settings, error) {
	var d settingsDocument
	if err := strict.Decode(fault.SettingsInvalid, document, &d); err != nil {
		return settings{}, err
	}
	s := settings{headers: safeHeaders, maxBytes: defaultResponseBytes}
	for _, step := range []func(settingsDocument) error{s.setBase, s.setTest, s.setHeaders, s.setBound, s.setStatuses, s.setFixed, s.setFailures} {
		if err := step(d); err != nil {
			return settings{}, err
		}
	}
	return s, nil
}

func wrongSetting(detail string, field ...string) error {
	return fault.New(fault.SettingsInvalid, detail).WithField(pointer(field...)).WithNoEffect()
}

func (s *settings) setBase(d settingsDocument) (err error) {
	if d.BaseURL == "" {
		return wrongSetting("base_url is missing", "base_url")
	}
	if s.base, err = parseBase(d.BaseURL); err != nil {
		return wrongSetting(err.Error(), "base_url")
	}
	return nil
}

func (s *settings) setTest(d settingsDocument) (err error) {
	if d.TestPath == "" {
		return nil
	}
	path, query, _ := strings.Cut(d.TestPath, "?")
	if s.test, err = join(s.base, path); err != nil {
		return wrongSetting(err.Error(), "test_path")
	}
	if strings.ContainsFunc(query, isControl) || strings.ContainsAny(query, "# ") {
		return wrongSetting("the query holds characters that must be escaped", "test_path")
	}
	s.test.RawQuery = query
	return nil
}

// unsafeHeaders hold credentials that the target makes up, which nobody knows to mask.
var unsafeHeaders = map[string]bool{
	"Set-Cookie": true, "Set-Cookie2": true, "Authorization": true, "Authentication-Info": true,
	"Proxy-Authentication-Info": true, "Proxy-Authorization": true,
}

func (s *settings) setHeaders(d settingsDocument) error {
	if len(d.ResponseHeaders) == 0 {
		return nil
	}
	all := make(map[string]bool, len(safeHeaders)+len(d.ResponseHeaders))
	for name := range safeHeaders {
		all[name] = true
	}
	for i, name := range d.ResponseHeaders {
		key := textproto.CanonicalMIMEHeaderKey(name)
		if !httpguts.ValidHeaderFieldName(key) || unsafeHeaders[key] || i >= maxHeaders {
			return wrongSetting("this header can not be returned", "response_headers", strconv.Itoa(i))
		}
		all[key] = true
	}
	s.headers = all
	return nil
}

func (s *settings) setBound(d settingsDocument) error {
	if d.MaxResponseBytes == nil {
		return nil
	}
	if *d.MaxResponseBytes < 0 || *d.MaxResponseBytes > mostResponseBytes {
		return wrongSetting("max_response_bytes is from 0 to 262144", "max_response_bytes")
	}
	s.maxBytes = *d.MaxResponseBytes
	return nil
}

func (s *settings) setStatuses(d settingsDocument) error {
	s.authStatuses = make(map[int]bool, len(d.AuthFailureStatuses))
	for i, code := range d.AuthFailureStatuses {
		if !mayMeanAuth(code) {
			return wrongSetting("a status that may mean bad credentials is from 300 to 499, and none that asks to wait",
				"auth_failure_statuses", strconv.Itoa(i))
		}
		s.authStatuses[code] = true
	}
	return nil
}
