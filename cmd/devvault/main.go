// Command devvault is a real Vault server for development and tests: core,
// HTTP API, KV version 2 at secret/, and the token, AppRole, userpass and cert
// auth methods. It starts unsealed, says where it is as one line of JSON on
// standard output, and stops on SIGTERM or SIGINT.
//
// It is not for anything that matters: its root token is printed, and with kept
// data its unseal key lies beside what it seals.
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
	"time"
)

// stopTimeout bounds the way out: a server that hangs must not keep its
// parent waiting.
const stopTimeout = 10 * time.Second

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	cancel()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "devvault:", err)
		os.Exit(1)
	}
}

// ready is the line that tells a parent process where the server is.
type ready struct {
	Address string `json:"address"`
	keys
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
	s, err := start(ctx, o, stderr)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(ready{Address: s.Address, keys: s.Keys}); err != nil {
		return errors.Join(err, s.stop())
	}
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	}
	return errors.Join(err, stopInTime(s))
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

func stopInTime(s *server) error {
	done := make(chan error, 1)
	go func() { done <- s.stop() }()
	select {
	case err := <-done:
		return err
	case <-time.After(stopTimeout):
		return fmt.Errorf("not stopped within %s", stopTimeout)
	}
}
