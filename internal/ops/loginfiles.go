package ops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"holdfast/internal/secret"
)

// loginFiles is a folder with what a worker logs in to Vault with. Only its owner reads it.
type loginFiles string

func (f loginFiles) secretID() string { return filepath.Join(string(f), "secret-id") }

func (f loginFiles) readSecretID() (secret.Value, bool) {
	raw, err := os.ReadFile(f.secretID())
	text := strings.TrimSpace(string(raw))
	return secret.New(text), err == nil && text != ""
}

func (f loginFiles) writeSecretID(id secret.Value) error { return f.write("secret-id", id.Reveal()) }

func (f loginFiles) writeRoleID(id string) error { return f.write("role-id", id) }

// write replaces a file at once: a worker that logs in meanwhile reads the old or the new one.
func (f loginFiles) write(name, text string) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("make the folder for the login: %w", err)
	}
	unfinished, err := os.CreateTemp(string(f), name+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the login: %w", err)
	}
	_, err = unfinished.WriteString(text + "\n")
	if cerr := unfinished.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(unfinished.Name(), filepath.Join(string(f), name))
	}
	if err != nil {
		_ = os.Remove(unfinished.Name()) // best effort; the error is told
		return fmt.Errorf("write the login: %w", err)
	}
	return nil
}
