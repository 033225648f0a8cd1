// Package vault holds Holdfast's Vault policies, as administrators write them into their Vault.
package vault

import "embed"

//go:embed *.hcl
var files embed.FS

// The policies by name: what a worker needs, what rotates credentials, and what people set connections up
// through.
const (
	Worker  = "worker"
	Rotator = "rotator"
	Console = "console"
)

// Policy is a policy's HCL, for the mount secret and the prefix holdfast. An error means that there is none
// of that name.
func Policy(name string) (string, error) {
	raw, err := files.ReadFile(name + ".hcl")
	return string(raw), err
}
