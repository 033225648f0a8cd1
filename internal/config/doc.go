// Package config reads Holdfast's settings. Each has one description, the tags of its field in Config, and
// may come from four places; a later one wins:
//
//	default → YAML file → environment (HOLDFAST_…, below it NATS_URL, VAULT_ADDR, VAULT_TOKEN) → flag
//
// Nothing is ignored: an unknown key, variable or flag is a mistake, as is a value that can not be used,
// and Load reports all of them together, each with its place and a hint. Every secret has a twin ending in
// _file; a secret has no flag of its own, for command lines can be read by others on the machine.
package config
