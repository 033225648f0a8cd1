//go:build race

package formula_test

// Where the race detector runs, sync.Pool forgets on purpose, and everything takes ten times as long.
const (
	raceDetector = true
	checks       = "500"
)
