package main

import (
	"testing"

	vault "github.com/hashicorp/vault/api"
)

func TestKVVersions(t *testing.T) {
	ctx, kv := t.Context(), serve(t).client.KVv2("secret")
	secret := must[*vault.KVSecret](t)
	first := secret(kv.Put(ctx, "a/b", map[string]any{"user": "u", "pass": "1"}, vault.WithCheckAndSet(0)))
	if first.VersionMetadata.Version != 1 {
		t.Fatalf("version %d after the first put", first.VersionMetadata.Version)
	}
	if _, err := kv.Put(ctx, "a/b", map[string]any{"pass": "x"}, vault.WithCheckAndSet(0)); err == nil {
		t.Error("a put with an old cas went through")
	}
	secret(kv.Patch(ctx, "a/b", map[string]any{"pass": "2"}, vault.WithMergeMethod("patch"), vault.WithCheckAndSet(1)))
	if _, err := kv.Patch(ctx, "a/b", map[string]any{"pass": "x"}, vault.WithMergeMethod("patch"), vault.WithCheckAndSet(1)); err == nil {
		t.Error("a patch with an old cas went through")
	}
	got := secret(kv.Get(ctx, "a/b"))
	if got.Data["user"] != "u" || got.Data["pass"] != "2" || got.VersionMetadata.Version != 2 {
		t.Errorf("after the patch: %v version %d", got.Data, got.VersionMetadata.Version)
	}
	if old := secret(kv.GetVersion(ctx, "a/b", 1)); old.Data["pass"] != "1" {
		t.Errorf("version 1 says %v", old.Data)
	}
	meta := must[*vault.KVMetadata](t)(kv.GetMetadata(ctx, "a/b"))
	if meta.CurrentVersion != 2 || len(meta.Versions) != 2 {
		t.Errorf("metadata: %+v", meta)
	}
}

func TestKVDeleteUndeleteDestroy(t *testing.T) {
	ctx, kv := t.Context(), serve(t).client.KVv2("secret")
	secret := must[*vault.KVSecret](t)
	secret(kv.Put(ctx, "a", map[string]any{"k": "v"}))
	if err := kv.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if got := secret(kv.Get(ctx, "a")); got.Data != nil {
		t.Errorf("deleted, and still %v", got.Data)
	}
	if err := kv.Undelete(ctx, "a", []int{1}); err != nil {
		t.Fatal(err)
	}
	if got := secret(kv.Get(ctx, "a")); got.Data["k"] != "v" {
		t.Errorf("undeleted, and %v", got.Data)
	}
	if err := kv.Destroy(ctx, "a", []int{1}); err != nil {
		t.Fatal(err)
	}
	if got := secret(kv.Get(ctx, "a")); got.Data != nil || !got.VersionMetadata.Destroyed {
		t.Errorf("destroyed, and %v", got)
	}
}
