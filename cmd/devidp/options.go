package main

import (
	"flag"
	"fmt"
	"io"
	"net"
)

// options is what the command line says.
type options struct {
	listen           string
	allowNonLoopback bool
	issuer           string
	state            string
	exitWithStdin    bool
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("devidp", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	fs.BoolVar(&o.allowNonLoopback, "allow-non-loopback", false, "listen on other than loopback addresses, for containers")
	fs.StringVar(&o.issuer, "issuer", "", "issuer `URL`, where clients reach this server; by default the address it listens on")
	fs.StringVar(&o.state, "state", "", "JSON `file` with clients and users to begin with")
	fs.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "stop when standard input closes, so as not to outlive a killed parent")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return o, o.checkListen()
}

// checkListen holds the server to loopback unless told otherwise: whoever
// reaches it can change anything through /admin.
func (o options) checkListen() error {
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
