package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// options is what the command line says.
type options struct {
	listen           string
	allowNonLoopback bool
	storage          string
	data             string
	rootToken        string
	audit            string
	tlsCert, tlsKey  string
	logLevel         string
	exitWithStdin    bool
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	var tokenFile string
	fs := flag.NewFlagSet("devvault", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	fs.BoolVar(&o.allowNonLoopback, "allow-non-loopback", false, "listen on other than loopback addresses, for containers")
	fs.StringVar(&o.storage, "storage", storageMemory, "where data lives: memory, file or raft")
	fs.StringVar(&o.data, "data", "", "`folder` for file and raft storage, and the keys to unseal it")
	fs.StringVar(&o.rootToken, "root-token", "", "the root `token`'s id; made up when empty")
	fs.StringVar(&tokenFile, "root-token-file", "", "`file` to read the root token's id from")
	fs.StringVar(&o.audit, "audit", "", "write an audit log to this `file`")
	fs.StringVar(&o.tlsCert, "tls-cert", "", "certificate `file` (PEM); serves HTTPS")
	fs.StringVar(&o.tlsKey, "tls-key", "", "key `file` (PEM) of the certificate")
	fs.StringVar(&o.logLevel, "log-level", "error", "trace, debug, info, warn, error or off")
	fs.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "stop when standard input closes, so as not to outlive a killed parent")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if err := o.readTokenFile(tokenFile); err != nil {
		return o, err
	}
	err := o.validate()
	return o, err
}

func (o *options) readTokenFile(path string) error {
	if path == "" {
		return nil
	}
	if o.rootToken != "" {
		return errors.New("--root-token and --root-token-file exclude each other")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--root-token-file: %w", err)
	}
	o.rootToken = strings.TrimSpace(string(raw))
	return nil
}

func (o *options) validate() error {
	switch o.storage {
	case storageMemory, storageFile, storageRaft:
	default:
		return fmt.Errorf("--storage %q: memory, file or raft", o.storage)
	}
	if o.storage != storageMemory && o.data == "" {
		return fmt.Errorf("--storage %s needs --data DIR", o.storage)
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if hclog.LevelFromString(o.logLevel) == hclog.NoLevel {
		return fmt.Errorf("--log-level %q: trace, debug, info, warn, error or off", o.logLevel)
	}
	return o.checkListen()
}

// checkListen holds the server to loopback unless told otherwise: its root
// token is printed, and its key lies beside the data.
func (o *options) checkListen() error {
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if o.allowNonLoopback || host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--listen %s is not a loopback address; --allow-non-loopback permits it", o.listen)
	}
	return nil
}
