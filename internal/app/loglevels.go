package app

import (
	"sync/atomic"

	"github.com/rs/zerolog"

	"holdfast/internal/config"
)

// logs are the loggers of a worker's parts. Each part's level can be changed while it runs, and is looked at before
// a line is made.
type logs struct {
	base   zerolog.Logger
	levels map[string]*level
}

// level lets lines pass that are at least as important. It is a zerolog.Sampler.
type level struct{ least atomic.Int32 }

// Sample tells whether a line of level l is written.
func (v *level) Sample(l zerolog.Level) bool { return int32(l) >= v.least.Load() }

// newLogs makes loggers that write with base, and nothing that base itself would not.
func newLogs(base zerolog.Logger, c config.Log) *logs {
	all := &logs{base: base, levels: make(map[string]*level)}
	for _, part := range config.LogParts() {
		all.levels[part] = new(level)
	}
	all.set(c)
	return all
}

// of is the logger of a part.
func (l *logs) of(part string) zerolog.Logger {
	return l.base.With().Str("component", part).Logger().Sample(l.levels[part])
}

// set changes what is written, from the next line on.
func (l *logs) set(c config.Log) {
	for part, v := range l.levels {
		least, err := zerolog.ParseLevel(c.LevelOf(part))
		if err != nil { // config has checked it
			least = zerolog.InfoLevel
		}
		v.least.Store(int32(least))
	}
}
