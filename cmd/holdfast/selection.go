package main

import (
	"github.com/spf13/cobra"

	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// completeReasons offers the reasons that what is read may have.
func completeReasons(s *ops.StreamSelection) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if s.Stream == ops.SelectDeadLetters {
			return words(fault.Reasons(fault.Invalid))(cmd, args, word)
		}
		return words(fault.Reasons(fault.Auth), fault.Reasons(fault.Settings), fault.Reasons(fault.Failed), fault.Reasons(fault.Denied),
			fault.Reasons(fault.Unknown))(cmd, args, word)
	}
}

// streamSelection adds the flags that name messages of a stream; stream is the one where it is fixed, else --stream says.
func streamSelection(cmd *cobra.Command, s *ops.StreamSelection, stream string) {
	f, reason := cmd.Flags(), "reason"
	if s.Stream = stream; stream == "" {
		reason = "with-reason" // a replay's --reason is why it is done
		f.StringVar(&s.Stream, "stream", ops.SelectActions, "what to read: actions, connections, permissions or deadletters")
		offer(cmd, "stream", cobra.FixedCompletions(ops.Selectable(), cobra.ShellCompDirectiveNoFileComp))
	}
	f.Uint64Var(&s.From, "from", 0, "from this sequence on")
	f.Uint64Var(&s.To, "to", 0, "up to this sequence, included")
	f.Var(&s.Since, "since", "what was stored since: how long ago (2h, 7d), a day, or a time")
	f.Var(&s.Until, "until", "what was stored before: how long ago (2h, 7d), a day, or a time")
	f.StringVar(&s.Subject, "subject", "", "those of one subject; * and > stand for any; of dead letters the original's")
	f.StringVar(&s.Tenant, "tenant", "", "those of one tenant")
	f.StringVar(&s.Connection, "connection", "", "those of one connection")
	f.StringVar(&s.Workflow, "workflow", "", "those of one workflow")
	f.StringVar(&s.Run, "run", "", "those of one run")
	f.StringVar(&s.Request, "request", "", "those of one request id")
	f.StringVar(&s.Reason, reason, "", "those of one reason: a dead letter's, or that of a request's outcome")
	offer(cmd, reason, completeReasons(s))
}
