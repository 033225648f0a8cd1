package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"holdfast/internal/credential"
	"holdfast/internal/ops"
	"holdfast/internal/secret"
)

// secretFlags say where a secret comes from: never from an argument, and never from a variable, because other
// people on the machine can read both.
type secretFlags struct {
	stdin    bool
	file     string
	username string
}

// mostSecret is more than any secret has, in bytes.
const mostSecret = 256 << 10

func (f *secretFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.stdin, "secret-stdin", false, "read the secret from standard input: a JSON object of its fields, or a single value")
	cmd.Flags().StringVar(&f.file, "secret-file", "", "read the secret from this file, as from standard input")
	cmd.Flags().StringVar(&f.username, "username", "", "method basic: the user name, beside the password")
	cmd.MarkFlagsMutuallyExclusive("secret-stdin", "secret-file")
}

// given tells whether flags say something of the secret, and sourced whether they say where to read it.
func (f *secretFlags) given() bool { return f.sourced() || f.username != "" }

func (f *secretFlags) sourced() bool { return f.stdin || f.file != "" }

// readSecret gives values to the fields of a connection's secret. complete: to all that are needed.
func (c *command) readSecret(ctx context.Context, f secretFlags, of []credential.Field, clientID string, complete bool) (ops.SecretFields, error) {
	fields := make(ops.SecretFields)
	if f.username != "" {
		fields["username"] = secret.New(f.username)
	}
	var err error
	switch {
	case f.sourced():
		fields, err = c.secretFrom(f, of, fields)
	case terminal(c.in):
		err = c.prompt(ctx, of, clientID, fields)
	default:
		err = &usageError{text: "the secret is asked for at a terminal, and this is none", hint: "add --secret-stdin or --secret-file FILE"}
	}
	if err != nil {
		return nil, err
	}
	if missing := fields.Missing(of, clientID); complete && len(missing) > 0 {
		return nil, &usageError{text: "the secret needs a field " + missing[0].Name + ": the " + missing[0].Title,
			hint: "give a JSON object with --secret-stdin or --secret-file"}
	}
	return fields, nil
}

func (c *command) secretFrom(f secretFlags, of []credential.Field, given ops.SecretFields) (ops.SecretFields, error) {
	in := c.in
	if f.file != "" {
		file, err := os.Open(f.file)
		if err != nil {
			return nil, &usageError{text: "the secret's file can not be read: " + err.Error(), hint: "name another with --secret-file"}
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, mostSecret+1))
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	if len(raw) > mostSecret {
		return nil, &usageError{text: "this is larger than any secret", hint: "look at what --secret-file names"}
	}
	return ops.ParseSecret(raw, of, given)
}

// prompt asks a person for what is missing; nothing that is secret shows while it is typed.
func (c *command) prompt(ctx context.Context, of []credential.Field, clientID string, into ops.SecretFields) error {
	for _, field := range of {
		_, there := into[field.Name]
		switch {
		case there, field.Name == "client_id" && clientID != "", field.Text && field.Optional:
			continue
		case field.Text:
			return &usageError{text: "a " + field.Title + " has several lines", hint: "add --secret-file FILE"}
		}
		text, err := c.askField(ctx, field)
		if err != nil {
			return err
		}
		if text != "" {
			into[field.Name] = secret.New(text)
		}
	}
	return nil
}

func (c *command) askField(ctx context.Context, field credential.Field) (string, error) {
	f, ok := c.in.(*os.File)
	if !ok {
		return "", errTold // prompt is for terminals alone
	}
	optional := ""
	if field.Optional {
		optional = " (may be empty)"
	}
	fmt.Fprintf(c.err, "%s%s: ", field.Title, optional)
	if field.Public {
		return shownLine(ctx, f)
	}
	defer fmt.Fprintln(c.err)
	return hiddenLine(ctx, f)
}
