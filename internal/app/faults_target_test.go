package app_test

import (
	"encoding/json"
	"fmt"
	"net"
	"time"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
)

// targetSights are the target's answers to an action.
func targetSights() []sight {
	rows := []sight{
		{seen: "target 401 with fresh credentials", class: fault.Auth, reason: fault.BadCredentials, follows: isSuspended,
			arrange: targetAnswers(devtarget.Fault{Status: 401}), repair: rightPassword},
		{seen: "target 403", class: fault.Failed, reason: fault.Forbidden, follows: isFailed,
			arrange: targetAnswers(devtarget.Fault{Status: 403})},
		{seen: "target 403 that means the credentials here", class: fault.Auth, reason: fault.BadCredentials, follows: isSuspended,
			arrange: func(s *scene) {
				s.connect(s.id, func(c *events.Connection) {
					c.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q,"test_path":"/me","auth_failure_statuses":[403]}`, s.base+"/basic"))
				})
				s.target.SetFault(&devtarget.Fault{Status: 403})
			}, repair: rightPassword},
		{seen: "target refuses connections", class: fault.Transient, reason: fault.TargetUnavailable, follows: isRetried,
			arrange: func(s *scene) { s.connect(s.id, s.at(closedPort(s))) },
			repair:  func(s *scene) { s.publish(events.ConnectionUpdated, s.basic(s.id)) }},
		{seen: "target resets", class: fault.Transient, reason: fault.TargetUnavailable, follows: isRetried,
			arrange: targetAnswers(devtarget.Fault{Reset: true})},
		{seen: "target does not answer in time", class: fault.Transient, reason: fault.TargetUnavailable, follows: isRetried,
			arrange: targetAnswers(devtarget.Fault{Status: 200, DelayMS: 3000})},
		{seen: "target throttles", class: fault.Transient, reason: fault.TargetThrottled, follows: isRetried,
			noSooner: 800 * time.Millisecond,
			arrange:  targetAnswers(devtarget.Fault{Status: 429, Headers: map[string]string{"Retry-After": "1"}})},
		{seen: "target 425", class: fault.Transient, reason: fault.TargetThrottled, follows: isRetried,
			arrange: targetAnswers(devtarget.Fault{Status: 425})},
		{seen: "target at an address that may not be reached", class: fault.Failed, reason: fault.AddressRefused, follows: isFailed,
			arrange: func(s *scene) { s.connect(s.id, s.at("http://169.254.169.254/latest")) }},
		{seen: "an input that makes no request", class: fault.Failed, reason: fault.InputInvalid, follows: isFailed, arrange: basicAuth,
			asks: func(r *events.Request) { r.Action.Input = json.RawMessage(`{"method":"POST","path":"/../up"}`) }},
		{seen: "the request's own deadline", class: fault.Failed, reason: fault.Deadline, follows: isFailed,
			arrange: targetAnswers(devtarget.Fault{Status: 503}),
			asks:    func(r *events.Request) { at := time.Now().Add(2 * time.Second); r.Deadline = &at }},
	}
	for _, code := range []int{408, 500, 502, 503, 504} {
		rows = append(rows, sight{seen: fmt.Sprintf("target %d", code), class: fault.Transient, reason: fault.TargetUnavailable,
			follows: isRetried, arrange: targetAnswers(devtarget.Fault{Status: code})})
	}
	for _, code := range []int{400, 404, 405, 409, 410, 422, 301} {
		rows = append(rows, sight{seen: fmt.Sprintf("target %d", code), class: fault.Failed, reason: fault.TargetRejected,
			follows: isFailed, arrange: targetAnswers(devtarget.Fault{Status: code, Headers: map[string]string{"Location": "http://127.0.0.1:1/"}})})
	}
	return rows
}

// targetAnswers makes connection s.id, which works, and a target that answers something else.
func targetAnswers(f devtarget.Fault) func(*scene) {
	return func(s *scene) {
		basicAuth(s)
		s.target.SetFault(&f)
	}
}

func rightPassword(s *scene) { s.password(s.id, "demo-password") }

// at is a connection to another base URL, without a test.
func (w *world) at(base string) func(*events.Connection) {
	return func(c *events.Connection) { c.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, base)) }
}

// closedPort is an address where nobody listens.
func closedPort(s *scene) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	_ = l.Close()
	return "http://" + l.Addr().String()
}
