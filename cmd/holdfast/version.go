package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set when a release is built; without it the module's own version is told.
var version string

// versionView is holdfast version --json.
type versionView struct {
	Version    string `json:"version"`
	Commit     string `json:"commit,omitempty"`
	Modified   bool   `json:"modified"` // built from a tree with changes that are in no commit
	BuiltAt    string `json:"commit_time,omitempty"`
	Go         string `json:"go"`
	NATSServer string `json:"nats_server,omitempty"` // the one that holdfast dev embeds
	Platform   string `json:"platform"`
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show version, commit, Go, and the NATS server that is built in",
		Example: "  holdfast version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if c.json {
				return c.object(v)
			}
			modified := ""
			if v.Modified {
				modified = " (modified)"
			}
			c.fields([2]string{"holdfast", v.Version}, [2]string{"commit", v.Commit + modified}, [2]string{"commit time", v.BuiltAt},
				[2]string{"go", v.Go}, [2]string{"nats-server", v.NATSServer}, [2]string{"platform", v.Platform})
			return nil
		},
	}
}

func readVersion() versionView {
	v := versionView{Version: cmp.Or(version, "devel"), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if version == "" && info.Main.Version != "" {
		v.Version = strings.Trim(info.Main.Version, "()")
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/nats-io/nats-server/v2" {
			v.NATSServer = dep.Version
		}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.BuiltAt = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
