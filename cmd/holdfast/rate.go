package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// perSecond is a rate as people write it.
type perSecond float64

// String is what Set reads.
func (p *perSecond) String() string { return strconv.FormatFloat(float64(*p), 'f', -1, 64) + "/s" }

// Type names the flag's value in help.
func (*perSecond) Type() string { return "rate" }

// Set reads 200, 200/s, 30/m or 5/h.
func (p *perSecond) Set(text string) error {
	number, unit, given := strings.Cut(text, "/")
	if !given {
		unit = "s"
	}
	n, err := strconv.ParseFloat(number, 64)
	per, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if err != nil || !ok || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return errors.New("a rate is a number a second, such as 200/s, a minute, such as 30/m, or an hour, such as 5/h")
	}
	*p = perSecond(n / per)
	return nil
}
