package ops

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/catalog"
	"holdfast/vaultclient"
)

// Manager gives what changes connections, once the registry is read. wait is how long to wait for a worker's
// answer to each change.
func (s *Session) Manager(ctx context.Context, types *catalog.Catalog, secrets Secrets, wait time.Duration) (*Manager, error) {
	all, err := s.Connections(ctx)
	if err != nil {
		return nil, err
	}
	checker, err := NewChecker(s.Clock())
	if err != nil {
		return nil, err
	}
	return &Manager{Connections: all, Chains: s.Chains(), Uses: s.Uses(), Records: s.Records(), Publisher: s.Publisher(), Clock: s.Clock(),
		Checker: checker, Types: types, Permissions: s.Permissions, Secrets: secrets, Wait: wait}, nil
}

// UseVault logs in to Vault, as whoever runs the command, for changes that have a secret. close ends it.
func (m *Manager) UseVault(ctx context.Context, cfg vaultclient.Config, log zerolog.Logger) (closed func(), err error) {
	c, err := vaultclient.New(cfg, log, nil)
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		c.Close()
		return nil, err
	}
	m.Vault = c
	return c.Close, nil
}
