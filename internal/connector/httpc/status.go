package httpc

import (
	"net/http"
	"time"

	"holdfast/internal/fault"
)

// meaning is what a status says about an operation.
type meaning struct {
	// reason is empty for success.
	reason fault.Reason
	// noEffect is set where the status proves that the target did nothing.
	noEffect bool
	// answers is set where the target's answer belongs into the outcome beside the fault.
	answers bool
	// mayWait is set where Retry-After is honoured.
	mayWait bool
}

var (
	succeeded   = meaning{}
	badAuth     = meaning{reason: fault.BadCredentials, noEffect: true}
	forbidden   = meaning{reason: fault.Forbidden, answers: true}
	rejected    = meaning{reason: fault.TargetRejected, answers: true}
	throttled   = meaning{reason: fault.TargetThrottled, noEffect: true, mayWait: true}
	unavailable = meaning{reason: fault.TargetUnavailable, mayWait: true}
)

// byStatus are the statuses that mean something else than their class does.
var byStatus = map[int]meaning{
	http.StatusNotModified:     succeeded, // the answer to a conditional request
	http.StatusUnauthorized:    badAuth,
	http.StatusForbidden:       forbidden,
	http.StatusRequestTimeout:  unavailable,
	http.StatusTooEarly:        throttled,
	http.StatusTooManyRequests: throttled,
}

// byClass are the classes of RFC 9110 section 15. A redirect that gets here was not followed.
var byClass = map[int]meaning{1: rejected, 2: succeeded, 3: rejected, 4: rejected, 5: unavailable}

// statusMeaning is the one place that says what a status means. authStatuses are those that the connection
// declares to mean bad credentials, and with that, that nothing was done.
func statusMeaning(code int, authStatuses map[int]bool) meaning {
	if authStatuses[code] {
		return badAuth
	}
	if m, ok := byStatus[code]; ok {
		return m
	}
	if m, ok := byClass[code/100]; ok {
		return m
	}
	return unavailable // RFC 9110 section 15: a client treats an invalid code as a 5xx
}

// mayMeanAuth tells which statuses a connection may declare to mean bad credentials.
func mayMeanAuth(code int) bool {
	return code >= 300 && code <= 499 && !statusMeaning(code, nil).mayWait && code != http.StatusNotModified
}

// longestWait bounds what a target may ask for.
const longestWait = 24 * time.Hour
