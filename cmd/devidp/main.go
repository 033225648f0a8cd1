// Command devidp is a real OAuth 2.0 and OpenID Connect provider for
// development and tests: authorization code with PKCE, client credentials,
// refresh with rotation and reuse detection, password, JWT bearer, device
// authorization, revocation and introspection. It says where it is as one line
// of JSON on standard output, is steered over /admin, and stops on SIGTERM or
// SIGINT.
//
// It is not for anything that matters: /admin asks nobody who they are, and
// everything is forgotten when it stops.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	cancel()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "devidp:", err)
		os.Exit(1)
	}
}

// ready is the line that tells a parent process where the server is.
type ready struct {
	Address string `json:"address"`
	Admin   string `json:"admin"`
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	if o.exitWithStdin {
		var cancel context.CancelFunc
		ctx, cancel = withStdin(ctx, stdin)
		defer cancel()
	}
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	line := ready{Address: s.address, Admin: s.address + "/admin"}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return errors.Join(err, s.stop())
	}
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	}
	return errors.Join(err, s.stop())
}

// withStdin returns a context that ends when stdin does. The reading goroutine
// lives as long as stdin: a read cannot be taken back.
func withStdin(ctx context.Context, stdin io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	return ctx, cancel
}
