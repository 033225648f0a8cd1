package formula_test

import (
	"testing"

	"holdfast/internal/formula"
)

func TestP11_SetsOfAFormulaAreRenamedAndNothingElse(t *testing.T) {
	names := map[string]string{"old": "new", "region": "wrong", "a": "b", "b": "a"}
	for in, want := range map[string]string{
		`{{$User.appPermissions.old.id}} = "x"`:                                      `{{$User.appPermissions.new.id}} = "x"`,
		`ISBLANK( {{ $User.appPermissions.old.name }} )  AND {{$User.region}} = "a"`: `ISBLANK( {{$User.appPermissions.new.name}} )  AND {{$User.region}} = "a"`,
		`{{$Model.old}} = "{{$User.appPermissions.old.id}}"`:                         `{{$Model.old}} = "{{$User.appPermissions.old.id}}"`,
		`{{$User.appPermissions.a.id}} = {{$User.appPermissions.b.ntx_asset_id}}`:    `{{$User.appPermissions.b.id}} = {{$User.appPermissions.a.ntx_asset_id}}`,
		`{{$User.appPermissions.other.id}} = """old"""`:                              `{{$User.appPermissions.other.id}} = """old"""`,
	} {
		got, err := formula.Rename(in, names)
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", in, got, err, want)
		}
		if _, err := formula.Compile(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	for _, wrong := range []string{`"open`, `{{$User.appPermissions.old}}`, `{{$Nobody}}`} {
		if got, err := formula.Rename(wrong, names); err == nil {
			t.Errorf("%s: became %s", wrong, got)
		}
	}
}
