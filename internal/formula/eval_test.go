package formula_test

import (
	"testing"
	"time"

	"holdfast/internal/formula"
)

func TestP11_WhatFormulasGive(t *testing.T) {
	for text, want := range map[string]formula.Value{
		`{{$Model.Region}} = {{$User.region}}`:             true,
		`{{$Model.Author/Title}} = "ann"`:                  false,
		`LOWER({{$Model.Author/Title}}) = "ann"`:           true,
		`ISBLANK({{$User.appPermissions.s1.id}})`:          false,
		`ISBLANK({{$User.appPermissions.a1.id}})`:          false,
		`ISBLANK({{$User.appPermissions.s2.id}})`:          true,
		`{{$User.appPermissions.a1.id}}`:                   "s1",
		`{{$User.appPermissions.s1.ntx_asset_id}}`:         "a1",
		`{{ $User.appPermissions.s1.name }}`:               "Sales",
		`0.1+0.2=0.3`:                                      true,
		`-2^2`:                                             int64(4),
		`2^3^2`:                                            int64(64),
		`2^-1`:                                             0.5,
		`"a" & 1 & TRUE & "" & 1.5`:                        "a1TRUE1.5",
		`"say ""hi"""`:                                     `say "hi"`,
		`{{$Model.Amount}} * 2`:                            int64(81),
		`{{$Model.Due}} > TODAY()`:                         true,
		`TODAY() + 1.5`:                                    time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC),
		`NOW() - TODAY()`:                                  0.5,
		`IF({{$User.admin}}, "all", 1/{{$Model.Empty}})`:   "all",
		`FALSE AND 1/{{$Model.Count}} > 0 OR TRUE`:         true,
		`NOT {{$Model.Open}} = TRUE`:                       false,
		`not({{$Model.Open}}) = false`:                     true,
		`DATEDIFF({{$User.hired}}, "2021-02-28", "years")`: int64(0),
	} {
		if got, err := compile(t, text).Eval(input()); err != nil || got != want {
			t.Errorf("%s: got %v (%T), %v, want %v (%T)", text, got, got, err, want, want)
		}
	}
}
