package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/console"
	"holdfast/internal/oauth"
	"holdfast/internal/ops"
	"holdfast/internal/secret"
)

// authorization is how an account is to be signed in.
type authorization struct {
	tenant, connection, actor string
	account                   string // to agree to beforehand
	device, noBrowser         bool
	port                      int
	wait                      time.Duration
}

func (c *command) connectionsAuthorize() *cobra.Command {
	var a authorization
	cmd := &cobra.Command{
		Use: "authorize CONNECTION --tenant TENANT", Short: "Sign an account in for a connection, in a browser or on another machine",
		Long: `Prints a link, opens it in a browser, and waits until an account has signed in at the connection's identity provider. The
provider sends the browser back to this machine (127.0.0.1 and a free port, or --port where it wants to know it beforehand):
register http://127.0.0.1:PORT/callback for the client. The tokens go to Vault; the connection keeps its id.

With --device, it prints a code to type on another machine instead (RFC 8628).`,
		Example: "  holdfast connections authorize crm --tenant acme\n  holdfast connections authorize crm --tenant acme --device",
		Args:    exactly(1, "a connection's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.connection = args[0]
			return c.signIn(cmd.Context(), a)
		},
		ValidArgsFunction: c.completeConnections,
	}
	cmd.Flags().StringVar(&a.tenant, "tenant", "", "the connection's tenant")
	cmd.Flags().StringVar(&a.actor, "actor", "", "the user who does it; your user name where empty")
	cmd.Flags().BoolVar(&a.device, "device", false, "print a code to type on another machine")
	cmd.Flags().StringVar(&a.account, "account", "", "with --device: this account may take the place of the one before")
	cmd.Flags().BoolVar(&a.noBrowser, "no-browser", false, "print the link and open no browser")
	cmd.Flags().IntVar(&a.port, "port", 0, "port that the provider sends the browser back to; 0 takes a free one")
	cmd.Flags().DurationVar(&a.wait, "wait", 10*time.Minute, "how long to wait for somebody to sign in")
	return required(cmd, "tenant")
}

func (c *command) signIn(ctx context.Context, a authorization) error {
	if a.actor = cmp.Or(a.actor, fitting(whoami())); !events.ValidID(a.actor) {
		return &usageError{text: "the actor is no valid id: " + events.ErrBadID.Error(), hint: "name yourself with --actor"}
	}
	if a.account != "" && !a.device {
		return &usageError{text: "--account is for --device: a browser's page asks", hint: "leave it out, or add --device"}
	}
	cfg, err := c.load(true)
	if err != nil {
		return err
	}
	shown := make(chan console.Ended, 1)
	server, err := app.StartConsole(ctx, ownConsole(cfg.Config, a.port), c.log(cfg.Log), func(e console.Ended) {
		if e.Outcome == console.Connected {
			select {
			case shown <- e:
			default: // it is known already
			}
		}
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	end, err := c.awaitAccount(ctx, server, a, shown)
	if serr := server.Stop(context.WithoutCancel(ctx)); err == nil {
		err = serr
	}
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &ops.Problem{Kind: ops.Waiting, Text: "nobody signed in within " + a.wait.String(),
			Hint: "run it again; --wait gives more time, --device needs no browser on this machine"}
	case err != nil:
		return err
	}
	return c.printEnded(end)
}

// ownConsole is a console for this one sign-in: on this machine alone, with a key that nobody else has, and
// without a list.
func ownConsole(cfg config.Config, port int) config.Config {
	cfg.Console = config.Console{Listen: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Key: secret.Value{}}
	cfg.NATS.StartTimeout = min(cfg.NATS.StartTimeout, askFor)
	return cfg
}

func (c *command) awaitAccount(ctx context.Context, server *app.Console, a authorization, shown <-chan console.Ended) (console.Ended, error) {
	if a.device {
		return server.Device(ctx, a.tenant, a.connection, a.actor, a.account, c.tellDevice)
	}
	if err := server.Check(ctx, a.tenant, a.connection, a.actor); err != nil {
		return console.Ended{}, err
	}
	link, err := server.Link(a.tenant, a.connection, a.actor, a.wait)
	if err != nil {
		return console.Ended{}, err
	}
	fmt.Fprintf(c.err, "open this link and sign in as the account to use:\n\n  %s\n\n", link)
	if !a.noBrowser {
		browser.Stdout, browser.Stderr = c.err, c.err
		if browser.OpenURL(link) != nil {
			fmt.Fprintln(c.err, "no browser could be opened here: open the link yourself, on this machine, or use --device")
		}
	}
	select {
	case e := <-shown:
		return e, nil
	case <-ctx.Done():
		return console.Ended{}, ctx.Err()
	}
}

func (c *command) tellDevice(d oauth.Device) {
	fmt.Fprintf(c.err, "on any machine, open %s and type the code %s", printable(d.VerificationURL), printable(d.UserCode))
	if d.Complete != "" {
		fmt.Fprintf(c.err, "\nor open %s", printable(d.Complete))
	}
	fmt.Fprintf(c.err, "\n")
}

// printEnded tells who is connected; another account than before is a refusal, for nobody has agreed to it.
func (c *command) printEnded(e console.Ended) error {
	if e.Outcome != console.Connected {
		p := &ops.Problem{Kind: ops.Refused, Text: e.Problem, Hint: e.Hint}
		if e.Outcome == console.OtherAccount {
			p.Text = fmt.Sprintf("%s signed in, and %s was connected as %s until now: nothing was changed", e.Account, e.Connection, e.Previous)
			p.Hint = "sign in as " + e.Previous + ", or agree with --account " + e.Account
		}
		return p
	}
	if c.json {
		return c.object(e)
	}
	c.fields([2]string{"connection", e.Connection}, [2]string{"name", e.Name}, [2]string{"account", e.Account},
		[2]string{"account before", e.Previous}, [2]string{"scopes", strings.Join(e.Scopes, " ")}, [2]string{"state", string(e.State)})
	return nil
}
