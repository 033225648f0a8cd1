package access_test

import (
	"holdfast/events"
	"holdfast/internal/access"
)

// directories are the directories of several.
type directories map[string]*access.Directory

func (t directories) Apply(f events.Fact) { t[f.Tenant] = t[f.Tenant].Apply(f) }

func (t directories) Of(tenant string) *access.Directory {
	if d := t[tenant]; d != nil {
		return d
	}
	return new(access.Directory)
}
