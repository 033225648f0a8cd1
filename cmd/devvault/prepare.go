package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

// admin sends requests to the core as root, before anybody else can.
type admin struct {
	core  *vault.Core
	token string
}

func (a admin) do(ctx context.Context, op logical.Operation, path string, data map[string]any) (*logical.Response, error) {
	resp, err := a.core.HandleRequest(ctx, &logical.Request{
		ID: "devvault", Operation: op, Path: path, Data: data, ClientToken: a.token,
	})
	if resp != nil && resp.IsError() {
		err = resp.Error() // says more than the error beside it
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", op, path, err)
	}
	return resp, nil
}

// prepare makes sure of the root token, the mount and the audit device, all of
// which may be there already from an earlier start.
func prepare(ctx context.Context, core *vault.Core, o options, k keys) (keys, error) {
	a := admin{core: core, token: k.RootToken}
	if err := a.ensureMount(ctx); err != nil {
		return k, err
	}
	if o.audit != "" {
		if err := a.ensureAudit(ctx, o.audit); err != nil {
			return k, err
		}
	}
	if o.rootToken == "" || o.rootToken == k.RootToken {
		return k, nil
	}
	if err := a.ensureRootToken(ctx, o.rootToken); err != nil {
		return k, err
	}
	k.RootToken = o.rootToken
	return k, nil
}

func (a admin) ensureMount(ctx context.Context) error {
	mounts, err := a.do(ctx, logical.ReadOperation, "sys/mounts", nil)
	if err != nil {
		return err
	}
	if _, there := mounts.Data["secret/"]; !there {
		_, err := a.do(ctx, logical.UpdateOperation, "sys/mounts/secret", map[string]any{
			"type": "kv", "options": map[string]string{"version": "2"},
		})
		if err != nil {
			return err
		}
	}
	// A new mount upgrades itself in the background and refuses requests until
	// it is done.
	return poll(ctx, func() error {
		_, err := a.do(ctx, logical.ReadOperation, "secret/config", nil)
		return err
	})
}

func (a admin) ensureAudit(ctx context.Context, path string) error {
	devices, err := a.do(ctx, logical.ReadOperation, "sys/audit", nil)
	if err != nil {
		return err
	}
	if _, there := devices.Data["file/"]; there {
		// It may be another file than last time.
		if _, err := a.do(ctx, logical.DeleteOperation, "sys/audit/file", nil); err != nil {
			return err
		}
	}
	_, err = a.do(ctx, logical.UpdateOperation, "sys/audit/file", map[string]any{
		"type": "file", "options": map[string]string{"file_path": path},
	})
	return err
}

// ensureRootToken adds a root token of the wished id beside the first one,
// which stays the one that later starts work with.
func (a admin) ensureRootToken(ctx context.Context, id string) error {
	_, err := a.do(ctx, logical.UpdateOperation, "auth/token/lookup", map[string]any{"token": id})
	if err == nil {
		return nil
	}
	_, err = a.do(ctx, logical.UpdateOperation, "auth/token/create", map[string]any{
		"id": id, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true,
	})
	return err
}
