package handlers

import (
	"testing"
	"time"

	"holdfast/internal/fault"
)

func TestO4_WhatStrainsAConnection(t *testing.T) {
	for name, c := range map[string]struct {
		fault *fault.Fault
		took  time.Duration
		why   fault.Reason // of a request that is put off; empty: none is
	}{
		"a target that does not answer":   {fault.New(fault.TargetUnavailable, ""), time.Second, fault.TargetUnavailable},
		"a provider that does not answer": {fault.New(fault.ProviderUnavailable, ""), time.Second, fault.ProviderUnavailable},
		"one that answers late nonsense":  {fault.New(fault.ProviderUnclear, ""), time.Second, fault.ProviderUnclear},
		"an at-most-once request":         {fault.New(fault.EffectUnknown, ""), time.Second, fault.TargetUnavailable},
		"a quick 503":                     {fault.New(fault.TargetUnavailable, ""), time.Millisecond, ""},
		"a slow refusal":                  {fault.New(fault.BadCredentials, ""), time.Second, ""},
		"Vault's trouble, everybody's":    {fault.New(fault.VaultUnavailable, ""), time.Second, ""},
		"a slow answer":                   {nil, time.Second, ""},
	} {
		s := strained{after: 500 * time.Millisecond, most: 1}
		s.note("acme/crm", c.took, c.fault)
		leave, first := s.enter("acme/crm")
		_, second := s.enter("acme/crm")
		if first != nil || (second == nil) != (c.why == "") || second != nil && second.Reason != c.why {
			t.Errorf("%s: %v, %v", name, first, second)
		}
		if _, other := s.enter("acme/erp"); other != nil {
			t.Errorf("%s: another connection is put off: %v", name, other)
		}
		leave()
		if _, f := s.enter("acme/crm"); f != nil {
			t.Errorf("%s: the place is not given back: %v", name, f)
		}
		s.note("acme/crm", time.Second, nil)
		if s.some.Load() != 0 {
			t.Errorf("%s: an answer does not end it", name)
		}
	}
}

func TestO4_WithoutABoundNothingIsPutOff(t *testing.T) {
	s := strained{}
	s.note("acme/crm", time.Hour, fault.New(fault.TargetUnavailable, ""))
	for range 3 {
		if _, f := s.enter("acme/crm"); f != nil {
			t.Error(f)
		}
	}
}
