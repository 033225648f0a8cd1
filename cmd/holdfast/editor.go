package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// edited is a text that a person has edited, in a file of its own.
type edited struct{ path string }

// editText lets a person edit a text in $EDITOR; hint is what to do where there is none. The file is the person's
// alone. Forget it, or tell where it is kept.
func (c *command) editText(ctx context.Context, name string, text []byte, hint string) (*edited, error) {
	editor := strings.Fields(c.variable("EDITOR"))
	if len(editor) == 0 {
		return nil, &usageError{text: "nothing says what to change", hint: hint}
	}
	folder, err := os.MkdirTemp("", "holdfast-")
	if err != nil {
		return nil, err
	}
	e := &edited{path: filepath.Join(folder, name)}
	if err := os.WriteFile(e.path, text, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, editor[0], append(editor[1:], e.path)...) //nolint:gosec // the person's own editor
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.in, c.err, c.err
	if err := cmd.Run(); err != nil {
		_ = e.forget() // it is the person's to give up
		return nil, &usageError{text: "the editor failed: " + err.Error(), hint: "set EDITOR to another one"}
	}
	return e, nil
}

// kept is an error that says where the text is.
func (e *edited) kept(err error) error {
	return fmt.Errorf("%w (kept in %s: correct it and use --from)", err, e.path)
}

func (e *edited) forget() error { return os.RemoveAll(filepath.Dir(e.path)) }

// variable is one of the environment that the command was given.
func (c *command) variable(name string) string {
	for _, pair := range c.environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}
