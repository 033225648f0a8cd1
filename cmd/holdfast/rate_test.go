package main

import "testing"

func TestO2_ARateIsANumberATime(t *testing.T) {
	for text, want := range map[string]perSecond{"200": 200, "200/s": 200, "30/m": 0.5, "7200/h": 2, "0": 0} {
		var got perSecond
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "fast", "-1", "nan", "NaN/s", "inf", "-inf", "10/d", "10/"} {
		var got perSecond
		if err := got.Set(text); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}
