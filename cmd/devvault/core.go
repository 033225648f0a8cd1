package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/audit"
	auditfile "github.com/hashicorp/vault/builtin/audit/file"
	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/sdk/physical"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/vault/cluster"
)

// raftAddress names the node to itself. Its cluster listener is in memory, so
// nothing listens there, and the address is the same after every restart.
const (
	raftAddress = "127.0.0.1:8201"
	raftPort    = 8201
)

func newCore(o options, store physical.Backend, log hclog.Logger) (*vault.Core, error) {
	conf := &vault.CoreConfig{
		Physical:           store,
		StorageType:        o.storage,
		BuiltinRegistry:    registry{},
		LogicalBackends:    secretEngines,
		CredentialBackends: authMethods,
		AuditBackends:      map[string]audit.Factory{"file": auditfile.Factory},
		DisableMlock:       true, // no secret here is worth the privilege that it needs
		Logger:             log,
		LogLevel:           o.logLevel,
	}
	ha, ok := store.(physical.HABackend)
	if !ok || o.storage != storageRaft {
		return vault.NewCore(conf)
	}
	conf.HAPhysical = ha
	conf.RedirectAddr = "https://" + raftAddress
	conf.ClusterAddr = "https://" + raftAddress
	conf.ClusterNetworkLayer = cluster.NewInmemLayer(raftAddress, log)
	core, err := vault.NewCore(conf)
	if err == nil {
		core.SetClusterListenerAddrs([]*net.TCPAddr{{IP: net.IPv4(127, 0, 0, 1), Port: raftPort}})
	}
	return core, err
}

// open initializes new storage, or unseals storage that was kept, and returns
// when the core answers requests.
func open(ctx context.Context, core *vault.Core, o options) (keys, error) {
	ctx = namespace.RootContext(ctx)
	k, err := keysFor(ctx, core, o)
	if err != nil {
		return k, err
	}
	if err := unseal(core, k.UnsealKey); err != nil {
		return k, err
	}
	if err := waitActive(ctx, core); err != nil {
		return k, err
	}
	return prepare(ctx, core, o, k)
}

func keysFor(ctx context.Context, core *vault.Core, o options) (keys, error) {
	initialized, err := core.Initialized(ctx)
	if err != nil {
		return keys{}, fmt.Errorf("look at the storage: %w", err)
	}
	if initialized {
		k, err := loadKeys(o.data)
		if missing(err) {
			return k, fmt.Errorf("%s holds a sealed server but not its keys: %w", o.data, err)
		}
		return k, err
	}
	return initialize(ctx, core, o)
}

func initialize(ctx context.Context, core *vault.Core, o options) (keys, error) {
	result, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
	})
	if err != nil {
		return keys{}, fmt.Errorf("initialize: %w", err)
	}
	k := keys{RootToken: result.RootToken, UnsealKey: hex.EncodeToString(result.SecretShares[0])}
	if o.storage == storageMemory {
		return k, nil
	}
	return k, k.save(o.data)
}

func unseal(core *vault.Core, key string) error {
	raw, err := hex.DecodeString(key)
	if err != nil {
		return fmt.Errorf("unseal key: %w", err)
	}
	opened, err := core.Unseal(raw)
	if err != nil {
		return fmt.Errorf("unseal: %w", err)
	}
	if !opened {
		return errors.New("the kept key does not unseal this storage")
	}
	return nil
}

// waitActive waits for raft's election; other storage is active at once. The
// core offers nothing to wait on, so it is asked again and again.
func waitActive(ctx context.Context, core *vault.Core) error {
	return poll(ctx, func() error {
		leader, _, _, err := core.Leader()
		switch {
		case errors.Is(err, vault.ErrHANotEnabled):
			return nil
		case err != nil:
			return err
		case !leader:
			return errors.New("no leader yet")
		}
		return nil
	})
}

// poll repeats try until it succeeds, and returns its last error when ctx ends.
func poll(ctx context.Context, try func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}
