package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keys is what opens a server's storage again.
type keys struct {
	RootToken string `json:"root_token"`
	UnsealKey string `json:"unseal_key"` // hexadecimal, as sys/unseal takes it
}

func keysPath(dir string) string { return filepath.Join(dir, "keys.json") }

// loadKeys returns fs.ErrNotExist (wrapped) when dir has never held a server.
func loadKeys(dir string) (keys, error) {
	var k keys
	raw, err := os.ReadFile(keysPath(dir))
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return k, fmt.Errorf("%s: %w", keysPath(dir), err)
	}
	if k.UnsealKey == "" {
		return k, fmt.Errorf("%s holds no unseal_key", keysPath(dir))
	}
	return k, nil
}

// save writes the keys whole or not at all: a server initialized without its
// key on disk could never be opened again.
func (k keys) save(dir string) error {
	raw, err := json.Marshal(k)
	if err != nil {
		return err
	}
	tmp := keysPath(dir) + ".new"
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, keysPath(dir))
}

// missing tells a folder without keys from one whose keys cannot be read.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
