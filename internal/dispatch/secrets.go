package dispatch

import (
	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

// checkSecrets refuses an event that holds what belongs in Vault. The fault says where, never what.
func checkSecrets(_ *Router, in *incoming) *fault.Fault {
	pointer, found := secretscan.InEvent(in.kind, in.document)
	if !found {
		return nil
	}
	return fault.New(fault.SecretInEvent, "this looks like a secret: only references belong into events").
		WithField(pointer).
		WithHint("change the secret where it is used, since it has been on the bus; then write it to Vault")
}
