package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/schollz/progressbar/v3"
	"go.uber.org/goleak"
)

func TestAMeterShowsHowFarItIsAndBeginsAnewOnceItWasDone(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // what still draws would draw over what is printed next
	var screen bytes.Buffer
	m := &meter{seen: true, opts: []progressbar.Option{progressbar.OptionSetWriter(&screen), progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish()}}
	shows := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(screen.String(), w) {
				t.Errorf("%q is not in %q", w, screen.String())
			}
		}
		screen.Reset()
	}
	m.at("reading", 3, -1)
	shows("reading", "3/-")
	m.at("comparing", 3, 8)
	m.at("comparing", 5, 8)
	shows("comparing", "5/8")
	m.done()
	m.at("reading again", 1, 4)
	shows("reading again", "1/4")
	m.done()
	m.done()
}

func TestAMeterThatNobodySeesDrawsNothing(t *testing.T) {
	var screen bytes.Buffer
	m := (&command{streams: streams{err: &screen}}).meter()
	m.at("reading", 1, 2)
	m.makeWay()
	m.done()
	if screen.Len() > 0 {
		t.Errorf("it said %q", screen.String())
	}
}
