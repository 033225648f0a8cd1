package app

import (
	"context"
	"os"
	"slices"

	"github.com/rs/zerolog"

	"holdfast/internal/config"
)

// Reload is how a worker is told, while it runs, to read its settings again.
type Reload struct {
	// Asked brings the signals that ask for it.
	Asked <-chan os.Signal
	// Load reads the settings.
	Load func() (*config.Loaded, error)
}

// RunWorker runs a worker until ctx ends, and then stops it. Asked to meanwhile, it reads its settings again.
func RunWorker(ctx context.Context, cfg *config.Loaded, log zerolog.Logger, again Reload) error {
	a := New(cfg.Config, log)
	if err := a.Start(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		select {
		case <-again.Asked:
			cfg = a.reload(cfg, again.Load)
		case <-ctx.Done():
		}
	}
	a.log.Info().Msg("stopping: no more messages are fetched")
	return a.Stop(context.WithoutCancel(ctx))
}

// appliedAtOnce are the settings that count without a restart.
var appliedAtOnce = []string{"log.level", "log.levels"}

// reload applies what may change while a worker runs, and names what else has changed. Its own lines are written
// whatever the levels are: somebody has just asked. It gives the settings that are in force.
func (a *App) reload(before *config.Loaded, load func() (*config.Loaded, error)) *config.Loaded {
	next, err := load()
	if err != nil {
		a.logs.base.Error().Str("problem", err.Error()).
			Msg("the settings have mistakes and stay as they were; look with: holdfast config check")
		return before
	}
	a.SetLogLevels(next.Log)
	later := slices.DeleteFunc(config.Changed(before, next), func(key string) bool { return slices.Contains(appliedAtOnce, key) })
	a.logs.base.Info().Str("level", next.Log.Level).Strs("levels", next.Log.Levels).Strs("after_a_restart", later).
		Msg("log levels were read again")
	in := *before
	in.Log.Level, in.Log.Levels = next.Log.Level, next.Log.Levels
	return &in
}
