package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

// reload is for where there is no kill: the image holds nothing but this program.
func (c *command) reload() *cobra.Command {
	var pid int
	cmd := &cobra.Command{
		Use: "reload", Short: "Have a worker on this machine read its log levels again (SIGHUP)",
		Long: `Sends SIGHUP to a worker, which reads log.level and log.levels again, from where it read its settings at start. Its log
says what it read, and what else has changed and counts after a restart. Without --pid, it is process 1: the worker of the
container that the command is run in.`,
		Example: "  kubectl exec deploy/holdfast -- /holdfast reload\n  holdfast reload --pid 4711",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := hangUp(pid, cmd.Flags().Changed("pid")); err != nil || c.json {
				return err
			}
			_, err := fmt.Fprintf(c.out, "Process %d was told; its log says what it read.\n", pid)
			return err
		},
	}
	cmd.Flags().IntVar(&pid, "pid", 1, "the worker's `process` id")
	return cmd
}

// hangUp signals a process that runs a program of this one's name, for SIGHUP ends others.
func hangUp(pid int, named bool) error {
	own, err := programOf("self")
	if other, gone := programOf(strconv.Itoa(pid)); err == nil && (gone != nil || other != own) || err != nil && !named {
		return &ops.Problem{Kind: ops.NotFound, Text: fmt.Sprintf("process %d is no worker", pid), Hint: "give the worker's with --pid; pgrep -a holdfast"}
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Signal(syscall.SIGHUP)
	}
	switch {
	case os.IsPermission(err):
		return &ops.Problem{Kind: ops.Refused, Text: fmt.Sprintf("process %d is another user's", pid), Hint: "run it as the worker's user"}
	case err != nil:
		return &ops.Problem{Kind: ops.NotFound, Text: fmt.Sprintf("there is no process %d", pid), Hint: "pgrep -a holdfast"}
	}
	return nil
}

// programOf is the name of a process's program, as Linux tells anybody; an error elsewhere, and where there is none.
func programOf(process string) (string, error) {
	name, err := os.ReadFile("/proc/" + process + "/comm")
	return string(name), err
}
