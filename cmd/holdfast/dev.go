package main

import (
	"github.com/spf13/cobra"

	"holdfast/internal/dev"
	"holdfast/internal/dev/tour"
)

func (c *command) dev() *cobra.Command {
	o := dev.Options{Ports: dev.DefaultPorts()}
	var play bool
	cmd := &cobra.Command{
		Use: "dev", Short: "Start everything that is needed to try Holdfast: bus, Vault, OAuth provider, target, worker",
		Long: `Starts an embedded NATS server, a real Vault, an OAuth 2.0 provider, a target system and a worker on this machine, makes
a connection for each way to authenticate, and says what to try. Ctrl-C stops it all. Where NATS_URL or VAULT_ADDR (with
VAULT_TOKEN) is set, that one is used instead. The first start builds Vault and the provider, which takes minutes.

It is for development: everything listens on the loopback interface, and the root token is printed.`,
		Example: "  holdfast dev\n  holdfast dev --data ./dev-data\n  holdfast dev --tour",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fixed(cmd, &o.Ports)
			o.JSON, o.Out, o.Err = c.json, c.out, c.err
			o.Environ(c.environ)
			if play {
				return tour.Run(cmd.Context(), o)
			}
			return dev.Run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&play, "tour", false, "play what Holdfast promises with real events, then stop; exit code 6 where a promise is broken")
	cmd.Flags().StringVar(&o.Data, "data", "", "`folder` to keep all data in; without it they are removed at the end")
	for _, p := range ports(&o.Ports) {
		cmd.Flags().IntVar(&p.port.Number, p.flag, p.port.Number, "port of the "+p.what+"; 0 takes a free one")
	}
	return cmd
}

// portFlag is a flag for the port of one part.
type portFlag struct {
	flag, what string
	port       *dev.Port
}

func ports(p *dev.Ports) []portFlag {
	return []portFlag{
		{"nats-port", "bus", &p.NATS}, {"vault-port", "Vault", &p.Vault}, {"provider-port", "OAuth provider", &p.Provider},
		{"target-port", "target", &p.Target}, {"metrics-port", "worker's metrics", &p.Metrics}, {"console-port", "console", &p.Console},
	}
}

// fixed holds ports to what was asked for; the others give way when they are taken.
func fixed(cmd *cobra.Command, p *dev.Ports) {
	for _, each := range ports(p) {
		each.port.Fixed = cmd.Flags().Changed(each.flag)
	}
}
