package vaultclient

import (
	"time"

	"holdfast/internal/fault"
)

// Observer is told what happens, for metrics. Its methods are called from many goroutines.
type Observer interface {
	// VaultCall is one request: what for (one of Operations), how it ended (one of Outcomes), and how
	// long it took with the wait for its turn.
	VaultCall(op, outcome string, d time.Duration)
	// CacheLookup is one read of a config secret that the cache was asked for.
	CacheLookup(hit bool)
}

// The operations that an Observer sees.
const (
	opLogin         = "login"
	opLookup        = "lookup_self"
	opRenew         = "renew_self"
	opHealth        = "health"
	opReadMount     = "read_mount"
	opReadConfig    = "read_config"
	opReadMetadata  = "read_metadata"
	opReadToken     = "read_token"
	opWriteToken    = "write_token"
	opPatchToken    = "patch_token"
	opWriteConfig   = "write_config"
	outcomeOK       = "ok"
	outcomeCanceled = "canceled"
)

// Operations are all words that VaultCall gets as op, for metrics that start at 0.
func Operations() []string {
	return []string{opLogin, opLookup, opRenew, opHealth, opReadMount, opReadConfig, opReadMetadata, opReadToken,
		opWriteToken, opPatchToken, opWriteConfig}
}

// Outcomes are all words that VaultCall gets as outcome: "ok", "canceled", and the reasons of the table.
func Outcomes() []string {
	out := []string{outcomeOK, outcomeCanceled, string(fault.VaultLogin)}
	seen := map[fault.Reason]bool{fault.VaultLogin: true}
	for _, r := range table {
		if !seen[r.reason] {
			seen[r.reason] = true
			out = append(out, string(r.reason))
		}
	}
	return out
}

type unobserved struct{}

func (unobserved) VaultCall(string, string, time.Duration) {}
func (unobserved) CacheLookup(bool)                        {}
