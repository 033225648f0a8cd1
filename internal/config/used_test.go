package config_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/secret"
)

// readElsewhere are the settings that none of app's functions on settings passes on: the file that reads each, and
// how it is called there.
var readElsewhere = map[string][2]string{
	"worker.concurrency":              {"internal/app/routes.go", "cfg.Worker.Concurrency"},
	"worker.prefetch":                 {"internal/app/routes.go", "cfg.Worker.Prefetch"},
	"worker.backoff_base":             {"internal/app/routes.go", "cfg.Worker.BackoffBase"},
	"worker.backoff_max":              {"internal/app/routes.go", "cfg.Worker.BackoffMax"},
	"worker.drain_timeout":            {"internal/app/routes.go", "cfg.Worker.DrainTimeout"},
	"worker.setup":                    {"internal/app/app.go", "cfg.Worker.Setup"},
	"worker.access_token_renew_ahead": {"internal/app/app.go", "cfg.Worker.AccessTokenRenewAhead"},
	"connections.types_dir":           {"internal/app/types.go", "c.Connections.TypesDir"},
	"http.allow_addresses":            {"internal/app/app.go", "cfg.HTTP.AllowAddresses"},
	"http.timeout":                    {"internal/app/app.go", "cfg.HTTP.Timeout"},
	"listen.metrics":                  {"internal/app/web.go", "cfg.Listen.Metrics"},
	"console.listen":                  {"internal/app/console.go", "cfg.Console.Listen"},
	"console.issuer":                  {"internal/app/console.go", "cfg.Console.Issuer"},
	"console.client_id":               {"internal/app/console.go", "cfg.Console.ClientID"},
	"console.client_secret":           {"internal/app/console.go", "cfg.Console.ClientSecret"},
	"worker.watch_interval":           {"internal/app/watch.go", "cfg.Worker.WatchInterval"},
	"log.level":                       {"internal/app/loglevels.go", "c.LevelOf"},
	"log.levels":                      {"internal/app/loglevels.go", "c.LevelOf"},
	"log.slow_request":                {"internal/app/routes.go", "cfg.Log.SlowRequest"},
	"log.format":                      {"cmd/holdfast/worker.go", "l.Format"},
}

// passedOn is everything that a configuration makes of the parts that it configures.
func passedOn(c config.Config) []any {
	return []any{app.BusConfig(c), app.SetupConfig(c), app.VaultConfig(c), app.HandlerOptions(c), app.ConsoleOptions(c, nil), app.TracingOptions(c)}
}

// A setting that nothing reads is a promise that nobody keeps.
func TestEverySettingIsReadBySomething(t *testing.T) {
	secrets := make(map[string]bool)
	for _, s := range config.Settings() {
		secrets[s.Key] = s.Kind == "secret"
	}
	cfg := config.Default()
	before := passedOn(cfg)
	met := make(map[string]bool)
	eachLeaf("", reflect.ValueOf(&cfg).Elem(), func(path string, field reflect.Value) {
		met[path] = true
		kept := reflect.ValueOf(field.Interface())
		change(t, path, field)
		changes := !reflect.DeepEqual(before, passedOn(cfg))
		field.Set(kept)
		where, listed := readElsewhere[path]
		switch {
		case changes && listed:
			t.Errorf("%s changes what app makes of the settings: it needs no line in the list", path)
		case changes, secrets[strings.TrimSuffix(path, "_file")]: // Load fills a secret from its twin
		case !listed:
			t.Errorf("%s is read by nothing", path)
		default:
			if raw, err := os.ReadFile("../../" + where[0]); err != nil || !strings.Contains(string(raw), where[1]) {
				t.Errorf("%s: %s has no %s (%v)", path, where[0], where[1], err)
			}
		}
	})
	for path := range readElsewhere {
		if !met[path] {
			t.Errorf("%s is listed and is no setting", path)
		}
	}
}

func eachLeaf(prefix string, section reflect.Value, do func(string, reflect.Value)) {
	for i := range section.NumField() {
		path, field := prefix+section.Type().Field(i).Tag.Get("yaml"), section.Field(i)
		if _, isSecret := field.Interface().(secret.Value); field.Kind() == reflect.Struct && !isSecret {
			eachLeaf(path+".", field, do)
			continue
		}
		do(path, field)
	}
}

// change gives a setting another value.
func change(t *testing.T, path string, field reflect.Value) {
	t.Helper()
	switch v := field.Addr().Interface().(type) {
	case *secret.Value:
		*v = secret.New("another")
	case *time.Duration:
		*v += time.Second
	case *[]string:
		*v = []string{"another"}
	case *string:
		*v = "another"
	case *int:
		*v++
	case *float64:
		*v++
	case *bool:
		*v = !*v
	default:
		t.Fatalf("%s: settings of type %s are not known here", path, field.Type())
	}
}
