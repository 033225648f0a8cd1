package config

import (
	"slices"
	"strings"
)

// The parts of a worker whose level can be set apart.
const (
	LogBus        = "bus"
	LogDeliveries = "deliveries"
	LogVault      = "vault"
	LogWorker     = "worker"
)

// LogParts lists them.
func LogParts() []string { return []string{LogBus, LogDeliveries, LogVault, LogWorker} }

// LevelOf is the least level that a part logs.
func (l Log) LevelOf(part string) string {
	for _, entry := range l.Levels {
		if p, level, _ := strings.Cut(entry, "="); p == part {
			return level
		}
	}
	return l.Level
}

// checkLog refuses parts and levels that do not exist, and a part that is named twice.
func (l *loader) checkLog(c Log) {
	levels := []string{"debug", "info", "warn", "error"}
	var seen []string
	for _, entry := range c.Levels {
		part, level, _ := strings.Cut(entry, "=")
		switch {
		case !slices.Contains(LogParts(), part):
			l.wrong("log.levels", "an entry names no part of a worker", "parts are "+strings.Join(LogParts(), ", ")+"; such as bus=debug")
		case !slices.Contains(levels, level):
			l.wrong("log.levels", "the level of "+part+" is none of the words known here", "one of "+strings.Join(levels, ", "))
		case slices.Contains(seen, part):
			l.wrong("log.levels", part+" has two levels", "keep one")
		}
		seen = append(seen, part)
	}
}
