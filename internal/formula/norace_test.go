//go:build !race

package formula_test

const (
	raceDetector = false
	checks       = "3000" // how often properties are tried
)
