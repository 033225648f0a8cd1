package dev

import (
	"context"
	"fmt"

	"holdfast/events"
)

// Admit makes the owner of the demonstration connections an administrator of a tenant: whoever is not in the
// directory may create nothing that others use. The same again changes nothing.
func (s *Stack) Admit(ctx context.Context, tenant string) error {
	owner := events.User{ID: demoOwner, Name: "Demonstration", Actor: events.ActorSystem}
	if _, err := s.Publish(ctx, tenant, events.DirectoryUserUpdated, owner); err != nil {
		return fmt.Errorf("put %s into the directory: %w", demoOwner, err)
	}
	role := events.RoleHolders{Role: events.TenantAdministrator, Users: []string{demoOwner}, Actor: events.ActorSystem}
	if _, err := s.Publish(ctx, tenant, events.DirectoryRoleUpdated, role); err != nil {
		return fmt.Errorf("make %s an administrator: %w", demoOwner, err)
	}
	return nil
}
