package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	vault "github.com/hashicorp/vault/api"
)

func TestSealAndUnseal(t *testing.T) {
	for _, storage := range []string{storageMemory, storageFile, storageRaft} {
		t.Run(storage, func(t *testing.T) {
			v := serve(t, "--storage", storage, "--data", t.TempDir(), "--log-level", "off")
			write(t, v.client, "secret/data/a", map[string]any{"data": map[string]any{"k": "v"}})
			if err := v.client.Sys().Seal(); err != nil {
				t.Fatal(err)
			}
			if _, err := v.client.Logical().Read("secret/data/a"); status(err) != http.StatusServiceUnavailable {
				t.Errorf("sealed: %v, want 503", err)
			}
			got := must[*vault.SealStatusResponse](t)(v.client.Sys().Unseal(v.ready.UnsealKey))
			if got.Sealed {
				t.Error("still sealed")
			}
			// With raft there is an election first.
			err := poll(t.Context(), func() error {
				_, err := v.client.KVv2("secret").Get(t.Context(), "a")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRestartKeepsData(t *testing.T) {
	for _, storage := range []string{storageFile, storageRaft} {
		t.Run(storage, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"--storage", storage, "--data", dir, "--log-level", "off", "--root-token", "chosen", "--audit", filepath.Join(dir, "audit.log")}
			first := serve(t, args...)
			write(t, first.client, "secret/data/a", map[string]any{"data": map[string]any{"k": "v"}})
			first.stop()
			if info := must[os.FileInfo](t)(os.Stat(keysPath(dir))); info.Mode().Perm() != 0o600 {
				t.Errorf("keys are %v", info.Mode())
			}
			second := serve(t, args...)
			if second.ready.RootToken != "chosen" || second.ready.UnsealKey != first.ready.UnsealKey {
				t.Errorf("keys changed: %+v", second.ready.keys)
			}
			got := must[*vault.KVSecret](t)(second.client.KVv2("secret").Get(t.Context(), "a"))
			if got.Data["k"] != "v" {
				t.Errorf("after the restart: %v", got.Data)
			}
		})
	}
}

func TestSecondServerIsKeptOff(t *testing.T) {
	dir := t.TempDir()
	serve(t, "--storage", "file", "--data", dir)
	err := run(t.Context(), []string{"--storage", "file", "--data", dir}, os.Stdin, io.Discard, io.Discard)
	if !errors.Is(err, errDataInUse) {
		t.Errorf("a second server on the folder: %v", err)
	}
}

func TestKeysMissing(t *testing.T) {
	dir := t.TempDir()
	serve(t, "--storage", "file", "--data", dir).stop()
	if err := os.Remove(keysPath(dir)); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"--storage", "file", "--data", dir}, os.Stdin, io.Discard, io.Discard)
	if !missing(err) {
		t.Errorf("without its keys: %v", err)
	}
}

func TestAuditHidesSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	v := serve(t, "--audit", path)
	write(t, v.client, "secret/data/audited", map[string]any{"data": map[string]any{"k": "canary-value"}})
	log := must[[]byte](t)(os.ReadFile(path))
	if !bytes.Contains(log, []byte("secret/data/audited")) {
		t.Error("the request is not in the audit log")
	}
	if bytes.Contains(log, []byte("canary-value")) {
		t.Error("the secret is in the audit log")
	}
}
