package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/physical/raft"
	"github.com/hashicorp/vault/sdk/physical"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/sdk/physical/inmem"
)

// Where a server keeps what it is told.
const (
	storageMemory = "memory"
	storageFile   = "file"
	storageRaft   = "raft"
)

// openStorage returns the storage of the given kind. Data of the file and raft
// kinds lives in a folder of its own below dir, beside the kept keys.
func openStorage(kind, dir string, log hclog.Logger) (physical.Backend, error) {
	if kind == storageMemory {
		return inmem.NewInmem(nil, log)
	}
	if dir == "" {
		return nil, fmt.Errorf("storage %q needs --data DIR", kind)
	}
	path := filepath.Join(dir, kind)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	switch kind {
	case storageFile:
		return file.NewFileBackend(map[string]string{"path": path}, log)
	case storageRaft:
		return raft.NewRaftBackend(map[string]string{
			"path":                   path,
			"node_id":                "devvault",
			"performance_multiplier": "1", // the fastest elections: there is one node
		}, log)
	default:
		return nil, fmt.Errorf("unknown storage %q: memory, file or raft", kind)
	}
}

// closeStorage closes storage that holds files open.
func closeStorage(backend physical.Backend) error {
	if closer, ok := backend.(*raft.RaftBackend); ok {
		return closer.Close()
	}
	return nil
}

var errDataInUse = errors.New("another devvault uses this data folder")
