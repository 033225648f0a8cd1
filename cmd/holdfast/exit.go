package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/internal/audit"
	"holdfast/internal/config"
	"holdfast/internal/dev/tour"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// Exit codes; holdfast help exit-codes lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitNotFound    = 4
	exitRefused     = 5
	exitPromise     = 6
)

const exitCodes = `Exit codes:

  0  done
  1  failed; of publish and directory load: a line was refused; of permissions explain: no; of permissions migrate
     and replay --state: there are differences; of connections test: it does not work, or can not be told; of
     deadletters retry and edit: one has failed again
  2  the command line or the configuration has a mistake
  3  the bus or Vault could not be reached, or refused the login
  4  what was asked for does not exist; of audit: nothing was looked at; of permissions landing: there is no app that
     the user can reach
  5  refused: it is there, and it can not be done with it
  6  a promise was not kept, as holdfast audit or the tour (holdfast dev --tour) has found
`

// errTold is a failure whose details have been printed already.
var errTold = errors.New("failed")

// usageError is a command line that makes no sense.
type usageError struct{ text, hint string }

func (e *usageError) Error() string { return e.text }

// code is the exit code of what came of a command.
func (c *command) code(err error) int {
	var (
		mistakes *config.Error
		usage    *usageError
		answer   *ops.Problem
		failure  *fault.Fault
		broken   *tour.Broken
		audited  *audit.Broken
		unseen   *audit.Nothing
	)
	switch {
	case err == nil:
		return exitOK
	case !c.started || errors.As(err, &mistakes) || errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &broken), errors.As(err, &audited):
		return exitPromise
	case errors.As(err, &unseen):
		return exitNotFound
	case errors.As(err, &answer):
		return codeOf(answer.Kind)
	case errors.As(err, &failure):
		return codeOfReason(failure.Reason)
	default:
		return exitFailed
	}
}

func codeOf(k ops.Kind) int {
	switch k {
	case ops.NotFound:
		return exitNotFound
	case ops.Refused:
		return exitRefused
	case ops.Unclear:
		return exitUsage
	case ops.Waiting:
		return exitFailed
	default:
		return exitFailed
	}
}

func codeOfReason(r fault.Reason) int {
	switch r {
	case fault.BusUnavailable, fault.VaultSealed, fault.VaultThrottled, fault.VaultUnavailable, fault.VaultForbidden,
		fault.VaultLogin, fault.VaultNoMount:
		return exitUnreachable
	case fault.Conflict:
		return exitRefused
	default:
		return exitFailed
	}
}

// failureView is an error in --json.
type failureView struct {
	Error    string           `json:"error"`
	Reason   string           `json:"reason,omitempty"`
	Hint     string           `json:"hint,omitempty"`
	Problems []config.Problem `json:"problems,omitempty"`
	Code     int              `json:"exit_code"`
}

// tell prints an error and what to do about it on stderr.
func (c *command) tell(err error) {
	if errors.Is(err, errTold) {
		return
	}
	v := c.view(err)
	if c.json {
		raw, _ := json.Marshal(v) // strings and numbers only
		fmt.Fprintf(c.err, "%s\n", asciiOnly(raw))
		return
	}
	fmt.Fprintf(c.err, "holdfast: %s\n", printableLines(v.Error))
	if v.Hint != "" {
		fmt.Fprintf(c.err, "hint: %s\n", printable(v.Hint))
	}
}

func (c *command) view(err error) failureView {
	v := failureView{Error: err.Error(), Code: c.code(err)}
	var (
		mistakes *config.Error
		usage    *usageError
		answer   *ops.Problem
		failure  *fault.Fault
		broken   *tour.Broken
		audited  *audit.Broken
		unseen   *audit.Nothing
	)
	switch {
	case errors.As(err, &broken):
		v.Hint = broken.Hint()
	case errors.As(err, &audited):
		v.Error = fmt.Sprintf("%d promise(s) not kept", audited.Report.Total) // which, is printed already
		v.Hint = "docs/audit.md says what each check is about; holdfast requests show REQUEST --tenant TENANT shows a request"
	case errors.As(err, &unseen):
		v.Hint = unseen.Hint()
	case errors.As(err, &mistakes):
		v.Problems = mistakes.Problems
		v.Error = "the configuration has mistakes:\n" + mistakes.Error()
		v.Hint = "holdfast config show; holdfast help settings"
	case errors.As(err, &usage):
		v.Hint = usage.hint
	case errors.As(err, &answer):
		v.Hint = answer.Hint
	case errors.As(err, &failure):
		v.Reason, v.Hint = string(failure.Reason), failure.Hint
	case errors.Is(err, context.Canceled):
		v.Error = "interrupted"
	case !c.started:
		v.Hint = "holdfast --help"
	}
	return v
}
