package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// folder holds all that the stack keeps. One stack at a time may use it.
type folder struct {
	path      string
	temporary bool
	lock      *flock.Flock
}

// ErrInUse is that another stack uses the folder.
var ErrInUse = errors.New("another holdfast dev uses this folder")

func openFolder(path string) (*folder, error) {
	f := &folder{path: path, temporary: path == ""}
	var err error
	if f.temporary {
		f.path, err = os.MkdirTemp("", "holdfast-dev-")
	} else if f.path, err = filepath.Abs(path); err == nil {
		err = os.MkdirAll(f.path, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("no folder for data: %w", err)
	}
	f.lock = flock.New(f.file("holdfast-dev.lock"))
	mine, err := f.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", f.path, err)
	}
	if !mine {
		return nil, fmt.Errorf("%s: %w: stop it, or choose another folder with --data", f.path, ErrInUse)
	}
	return f, nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// write keeps what may hold credentials from everybody else's eyes.
func (f *folder) write(name string, data []byte) (string, error) {
	path := f.file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, data, 0o600)
}

// close gives the folder back; a temporary one is removed.
func (f *folder) close() error {
	err := f.lock.Unlock()
	if f.temporary {
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	return err
}
