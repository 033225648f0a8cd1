package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// change is what all commands that change a connection share.
type change struct {
	tenant, actor string
	noWait        bool
	wait          time.Duration
}

// answerWithin is how long a worker's answer is waited for, and testedWithin that to a test: workers try for a
// while where there is trouble on the way.
const (
	answerWithin = 10 * time.Second
	testedWithin = 45 * time.Second
)

// changeFlags adds the flags that every change has.
func changeFlags(cmd *cobra.Command, a *change) *cobra.Command {
	cmd.Flags().StringVar(&a.tenant, "tenant", "", "the tenant that is changed")
	cmd.Flags().StringVar(&a.actor, "actor", "", "the user who does it; your user name where empty; system where no person does")
	cmd.Flags().BoolVar(&a.noWait, "no-wait", false, "do not wait for a worker's answer")
	cmd.Flags().DurationVar(&a.wait, "wait", answerWithin, "how long to wait for a worker's answer")
	return required(cmd, "tenant")
}

// name makes the actor a name, and the wait none where none is wanted.
func (a *change) name() error {
	if a.actor = cmp.Or(a.actor, fitting(whoami())); !events.ValidID(a.actor) {
		return &usageError{text: "the actor is no valid id: " + events.ErrBadID.Error(), hint: "name yourself with --actor"}
	}
	if a.noWait {
		a.wait = 0
	}
	return nil
}

// managed is a session for changes.
type managed struct {
	*ops.Manager
	change

	c       *command
	session *ops.Session
	closers []func()
}

// manage connects, and closes again. Nothing of Vault is touched before useVault.
func (c *command) manage(ctx context.Context, a change, do func(context.Context, *managed) error) error {
	if err := a.name(); err != nil {
		return err
	}
	s, cfg, err := c.open(ctx)
	if err != nil {
		return err
	}
	m := &managed{change: a, c: c, session: s, closers: []func(){s.Close}}
	defer m.close()
	types, err := app.LoadTypes(cfg.Config)
	if err != nil {
		return err
	}
	if m.Manager, err = s.Manager(ctx, types, secrets(cfg), a.wait); err != nil {
		return err
	}
	return do(ctx, m)
}

func (m *managed) close() {
	for i := len(m.closers) - 1; i >= 0; i-- {
		m.closers[i]()
	}
}

// useVault logs in to Vault, before anybody is asked for a secret.
func (m *managed) useVault(ctx context.Context) error {
	cfg, err := m.c.load(true)
	if err != nil {
		return err
	}
	closed, err := m.UseVault(ctx, app.VaultConfig(cfg.Config), m.c.log(cfg.Log))
	if err == nil {
		m.closers = append(m.closers, closed)
	}
	return err
}

// fitting makes a user name an id: the part behind a domain, and nothing that may not be in one.
func fitting(user string) string {
	user = user[strings.LastIndexByte(user, '\\')+1:]
	return strings.Map(func(r rune) rune {
		if r < 0x80 && events.ValidID(string(r)) {
			return r
		}
		return '-'
	}, user)
}

// done prints what became of a change, and gives the error that it came with.
func (m *managed) done(ctx context.Context, v ops.ChangeView, err error) error {
	if f := new(ops.Problem); errors.As(err, &f) && f.Kind == ops.Refused {
		m.tellUnknown(ctx)
	}
	if v.Sequence == 0 && !v.SecretWritten && v.Answer == "" && (err != nil || v.SecretVersion == 0) {
		return err // nothing happened
	}
	if perr := m.c.printChange(v, err == nil); perr != nil {
		return perr
	}
	return err
}

// tellUnknown tells that the directory has no such user, which is why a rule said no. Without a look at the
// directory the rule's name has to do.
func (m *managed) tellUnknown(ctx context.Context) {
	all, err := m.Permissions(ctx)
	if err == nil && m.actor != events.ActorSystem && !all.Of(m.tenant).Directory().Known(m.actor) {
		fmt.Fprintf(m.c.err, "the directory of tenant %s knows no user %s: name another with --actor\n", m.tenant, m.actor)
	}
}

func (c *command) printChange(v ops.ChangeView, good bool) error {
	if c.json {
		return c.object(v)
	}
	return printLines(c.out, changeLines(v, good))
}

func changeLines(v ops.ChangeView, good bool) []string {
	var lines []string
	tell := func(format string, args ...any) {
		lines = append(lines, v.Connection+": "+fmt.Sprintf(format, args...))
	}
	switch {
	case v.SecretWritten:
		tell("secret version %d written to Vault", v.SecretVersion)
	case v.SecretVersion > 0:
		tell("the secret in Vault is the same already: version %d", v.SecretVersion)
	}
	switch {
	case v.Works():
		tell("works%s", state(v))
	case v.Answer == ops.AnswerTested && !fault.Reason(v.Reason).Class().Suspends():
		tell("it can not be told whether it works: %s: %s%s", v.Reason, v.Detail, state(v))
	case v.Answer == ops.AnswerTested:
		tell("does not work: %s: %s%s", v.Reason, v.Detail, state(v))
	case v.Answer == ops.AnswerApplied:
		tell("applied, revision %d%s", v.Revision, state(v))
	case v.Answer == ops.AnswerUnchanged:
		tell("nothing to do: it is as you want it")
	case v.Sequence > 0 && good:
		tell("connection.%s is stored as %s %d", v.Event, events.StreamConnections, v.Sequence)
	}
	if v.Overwrote > 0 {
		tell("it overwrote revision %d without having seen it", v.Overwrote)
	}
	return lines
}

func state(v ops.ChangeView) string {
	if v.State == "" {
		return ""
	}
	return ", " + string(v.State)
}

func printLines(w io.Writer, lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, printable(line)); err != nil {
			return err
		}
	}
	return nil
}
