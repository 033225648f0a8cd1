package main

import (
	"github.com/spf13/cobra"

	"holdfast/internal/ops/letters"
)

// replayLetters is replay of dead letters: what holdfast deadletters retry does, with a replay's flags.
func (c *command) replayLetters(cmd *cobra.Command, a *replaying) error {
	for _, not := range []struct{ flag, why, instead string }{
		{"force-effects", "a dead letter has no effect to repeat; a request that became one has its ledger",
			"look at the target; where nothing happened, give it a new request_id: holdfast deadletters edit SEQUENCE"},
		{"effects", "a dead letter has no effect to repeat", "holdfast deadletters retry --help"},
		{"anew", "a dead letter that was retried has left the list", "leave it out"},
		{"go-on", "a dead letter that was retried has left the list", "leave it out"},
		{"in-flight", "dead letters are not bounded by what is in flight", "bound them with --rate"},
	} {
		if cmd.Flags().Changed(not.flag) {
			return &usageError{text: "--" + not.flag + ": " + not.why, hint: not.instead}
		}
	}
	h := &handling{which: letters.Selection{StreamSelection: a.Select}, by: letters.By{Actor: a.Actor, Why: a.Reason},
		yes: a.yes, rate: a.perSecond, wait: a.Wait}
	if !cmd.Flags().Changed("rate") {
		h.rate = lettersASecond
	}
	return c.retryLetters(cmd.Context(), h)
}
