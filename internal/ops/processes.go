package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/process"
)

// Facts are what workers know of users, places and processes.
type Facts interface {
	// All gives every fact.
	All() iter.Seq[events.Fact]
}

// Processes gives the facts once all of them are read.
func (s *Session) Processes(ctx context.Context) (Facts, error) { return s.bus.Facts(ctx, nil) }

// ProcessView is one published version of a process.
type ProcessView struct {
	Tenant    string               `json:"tenant"`
	ID        string               `json:"process_id"`
	Version   string               `json:"process_version"`
	App       string               `json:"app_id,omitempty"`
	Publisher string               `json:"publisher"`
	Published uint64               `json:"published"` // sequence in HF_PERMISSIONS
	RetiredAt *time.Time           `json:"retired_at,omitempty"`
	Steps     []events.ProcessStep `json:"steps"`
}

// ListProcesses gives the published versions of a tenant's processes (empty: of all tenants'), a process's
// versions in the order in which they were published.
func ListProcesses(all Facts, tenant string) ([]ProcessView, error) {
	versions, retired, err := readProcesses(all, tenant)
	if err != nil {
		return nil, err
	}
	views := make([]ProcessView, 0, len(versions))
	for _, v := range versions {
		views = append(views, viewProcess(v.Retire(retired[v.Tenant+"."+v.ID])))
	}
	slices.SortFunc(views, func(a, b ProcessView) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Published, b.Published))
	})
	return views, nil
}

// ShowProcess gives one version of a process; version empty: the one that was published last.
func ShowProcess(all Facts, tenant, id, version string) (ProcessView, error) {
	views, err := ListProcesses(all, tenant)
	if err != nil {
		return ProcessView{}, err
	}
	for _, v := range slices.Backward(views) {
		if v.ID == id && (version == "" || v.Version == version) {
			return v, nil
		}
	}
	return ProcessView{}, problem(NotFound, "holdfast processes list --tenant "+tenant,
		"tenant %s has no process %s of this version: it was never published, or was rejected", tenant, id)
}

// readProcesses reads versions, and the retirements of whole processes by tenant.process.
func readProcesses(all Facts, tenant string) (versions []process.Version, retired map[string]process.Retirement, err error) {
	retired = make(map[string]process.Retirement)
	for f := range all.All() {
		if f.Kind != events.FactProcess || tenant != "" && f.Tenant != tenant {
			continue
		}
		if !strings.Contains(f.ID, ".") {
			var r process.Retirement
			err = json.Unmarshal(f.Data, &r)
			retired[f.Tenant+"."+f.ID] = r
		} else {
			var v process.Version
			err = json.Unmarshal(f.Data, &v)
			v.Tenant = f.Tenant
			versions = append(versions, v)
		}
		if err != nil {
			return nil, nil, fault.Wrap(fault.Internal, "what is kept of a process can not be read", err)
		}
	}
	return versions, retired, nil
}

func viewProcess(v process.Version) ProcessView {
	p := ProcessView{Tenant: v.Tenant, ID: v.ID, Version: v.Version, App: v.App, Publisher: v.Publisher,
		Published: v.Published, Steps: v.Steps}
	if !v.RetiredAt.IsZero() {
		p.RetiredAt = &v.RetiredAt
	}
	return p
}
