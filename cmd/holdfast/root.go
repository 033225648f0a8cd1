package main

import (
	"cmp"
	"context"
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/ops"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is what all subcommands share.
type command struct {
	streams

	environ    []string
	configPath string
	flags      *config.Flags
	json       bool
	started    bool // flags and arguments were understood
}

// run executes one command line and gives the exit code.
func run(ctx context.Context, args, environ []string, s streams) int {
	c := &command{streams: s, environ: environ}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err != nil {
		c.tell(err)
	}
	return c.code(err)
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "Executes workflow actions as stored connections, and holds runs fast while credentials do not work",
		Long: `Holdfast is the worker behind products that manage connections: it takes action requests from NATS, fetches the
connection's secret from Vault, authenticates, executes, and publishes the outcome. A run whose credentials do not work is
suspended until they do, or until its time is over.`,
		Example: `  holdfast publish requests.jsonl --dry-run
  holdfast suspensions list --tenant acme`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			err := badFlag(cmd, cmp.Or(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups())) // cobra does it later, when a mistake looks like a failure
			c.started = err == nil
			return err
		},
	}
	root.SetFlagErrorFunc(badFlag)
	pf := root.PersistentFlags()
	pf.StringVar(&c.configPath, "config", "", "YAML file with settings")
	pf.BoolVar(&c.json, "json", false, "one JSON object a line (docs/cli-json.md)")
	c.flags = config.BindFlags(pf)
	root.AddCommand(c.dev(), c.worker(), c.reload(), c.console(), c.bench(), c.healthcheck(), c.setup(), c.publish(), c.connections(), c.processes(), c.directory(), c.permissions(), c.types(), c.formula(), c.suspensions(), c.requests(), c.explain(), c.top(), c.deadLetters(), c.replay(), c.audit(), c.config(), c.version())
	root.AddCommand(helpTopics()...)
	c.completeAll(root)
	return root
}

// load reads the configuration; vault says that Vault is going to be used.
func (c *command) load(vault bool) (*config.Loaded, error) {
	return config.Load(config.Options{Path: c.configPath, Environ: c.environ, Flags: c.flags, Vault: vault})
}

// open connects to the bus.
func (c *command) open(ctx context.Context) (*ops.Session, *config.Loaded, error) {
	cfg, err := c.load(false)
	if err != nil {
		return nil, nil, err
	}
	s, err := ops.Open(ctx, app.BusConfig(cfg.Config), c.log(cfg.Log))
	return s, cfg, err
}

// secrets is where the connections' secrets are.
func secrets(cfg *config.Loaded) ops.Secrets {
	return ops.Secrets{Mount: cfg.Vault.Mount, Prefix: cfg.Vault.Prefix}
}

// log is the logger of commands that people run: text on stderr, and only what they should know.
func (c *command) log(l config.Log) zerolog.Logger {
	level, err := zerolog.ParseLevel(l.Level)
	if err != nil || level < zerolog.WarnLevel && l.Level != "debug" {
		level = zerolog.WarnLevel
	}
	return zerolog.New(zerolog.ConsoleWriter{Out: c.err, NoColor: !terminal(c.err)}).Level(level).With().Timestamp().Logger()
}

// terminal tells whether a person looks at the stream.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
