package handlers

import (
	"context"
	"encoding/json"

	lru "github.com/hashicorp/golang-lru/v2"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/process"
)

// versionOf is a version of a process and the revision of its fact; 0 where nobody published it.
func (h *Handlers) versionOf(ctx context.Context, tenant, id, version string) (v process.Version, revision uint64, err error) {
	key := process.VersionID(id, version)
	f, revision, err := h.Facts.Get(ctx, tenant, events.FactProcess, key)
	if err != nil || revision == 0 {
		return v, 0, err
	}
	if k, ok := h.versions.Get(tenant + "." + key); ok && k.revision == revision {
		return k.Version, revision, nil
	}
	if v, err = versionIn(f); err == nil {
		h.versions.Add(tenant+"."+key, readVersion{v, revision})
	}
	return v, revision, err
}

// readVersion is a version as it was read from its fact at a revision: every step of every run asks for it.
type readVersion struct {
	process.Version

	revision uint64
}

// versionsKept is how many versions are kept as they were read; the least used go first.
const versionsKept = 4096

// versionCache holds versions by tenant.process.version.
type versionCache = lru.Cache[string, readVersion]

func newVersionCache() *versionCache {
	c, err := lru.New[string, readVersion](versionsKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

// freshVersion is versionOf as the leader has it.
func (h *Handlers) freshVersion(ctx context.Context, tenant, id, version string) (v process.Version, revision uint64, err error) {
	f, revision, err := h.Facts.Fresh(ctx, tenant, events.FactProcess, process.VersionID(id, version))
	if err != nil || revision == 0 {
		return v, 0, err
	}
	v, err = versionIn(f)
	return v, revision, err
}

func versionIn(f events.Fact) (v process.Version, err error) {
	if err = json.Unmarshal(f.Data, &v); err != nil {
		return v, fault.Wrap(fault.Internal, "a fact holds what is no version of a process", err)
	}
	v.Tenant = f.Tenant
	return v, nil
}

// retirementOf is the last retirement of all versions of a process, and the revision of its fact. Publishing
// leaves one that ends nothing, so that a look for it is not a look at the leader every time.
func (h *Handlers) retirementOf(ctx context.Context, tenant, id string, look lookAtFacts) (r process.Retirement, revision uint64, err error) {
	f, revision, err := look(ctx, tenant, events.FactProcess, id)
	if err != nil || revision == 0 {
		return r, 0, err
	}
	if err = json.Unmarshal(f.Data, &r); err != nil {
		return r, revision, fault.Wrap(fault.Internal, "a fact holds what is no retirement of a process", err)
	}
	return r, revision, nil
}

// lookAtFacts is Facts.Get or Facts.Fresh.
type lookAtFacts func(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error)

// keepProcess stores what is known of a process, expecting its fact's revision.
func (h *Handlers) keepProcess(ctx context.Context, tenant, id string, sequence uint64, content any, revision uint64) error {
	data, err := events.Marshal(content)
	if err != nil {
		return fault.Wrap(fault.Internal, "a process could not be encoded", err)
	}
	_, err = h.Facts.Put(ctx, events.Fact{Tenant: tenant, Kind: events.FactProcess, ID: id, Sequence: sequence, Data: data}, revision)
	return err
}
