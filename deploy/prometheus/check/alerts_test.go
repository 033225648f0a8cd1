package check

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// scene is what Prometheus has scraped, a sample a minute, as promtool writes it (a+bxn: n more, each b larger), and
// what it should make of it.
type scene struct {
	name   string
	series string
	// firesAt is the first minute at which the alert fires; 0: it never does within 70 minutes.
	firesAt int
}

const never = 0

// scenes are, for each alert, when it has to fire and when it must not: an ordinary day's trouble wakes nobody up.
var scenes = map[string][]scene{
	"HoldfastMetricsMissing": {
		{"no worker anywhere", `up{job="other"} 1x70`, 11},
		{"one of two is gone", `holdfast_ready{job="hf",instance="a"} 1x70
			holdfast_ready{job="hf",instance="b"} 1x5 stale`, never},
	},
	"HoldfastWorkerNotReady": {
		{"one of two hangs", ready("a", "1x10 0x60") + ready("b", "1x70") + up("vault", "1x70"), 16},
		{"a restart", ready("a", "1x10 0x3 1x60") + up("vault", "1x70"), never},
		{"Vault is down for all, which has an alert of its own", ready("a", "1x10 0x60") + up("vault", "1x10 0x60"), never},
	},
	"HoldfastDefect": {
		{"one", retries("internal", "0x10 1x60") + busEvents("handler_panicked", "0x70"), 11},
		{"a panic", retries("internal", "0x70") + busEvents("handler_panicked", "0x10 1x60"), 11},
		{"other retries", retries("internal", "0x70") + retries("target_unavailable", "0+50x70") + busEvents("handler_panicked", "0x70"), never},
	},
	"HoldfastVaultSealed": {
		{"sealed", up("vault", "1x10 0x60") + vaultCalls("vault_sealed", "0x10 0+4x60"), 14},
		{"sealed for a minute", up("vault", "1x10 0x1 1x60") + vaultCalls("vault_sealed", "0x10 4 8x60"), never},
		{"gone, not sealed", up("vault", "1x10 0x60") + vaultCalls("vault_sealed", "0x70"), never},
	},
	"HoldfastVaultUnreachable": {
		{"gone", up("vault", "1x10 0x60") + vaultCalls("vault_sealed", "0x70"), 16},
		{"a failover of three minutes", up("vault", "1x10 0x3 1x60") + vaultCalls("vault_sealed", "0x70"), never},
		{"sealed", up("vault", "1x10 0x60") + vaultCalls("vault_sealed", "0x10 0+4x60"), never},
		{"one worker alone is cut off", upOf("a", "vault", "0x70") + upOf("b", "vault", "1x70") + vaultCalls("vault_sealed", "0x70"), never},
	},
	"HoldfastVaultForbidden": {
		{"a policy is missing", retries("vault_forbidden", "0x10 0+3x60"), 17},
		{"once, and cured", retries("vault_forbidden", "0x10 3x60"), never},
		{"sealed", retries("vault_sealed", "0+9x70") + retries("vault_forbidden", "0x70"), never},
	},
	"HoldfastBusDenied": {
		{"one refusal", busEvents("denied", "0x10 1x60"), 11},
		{"reconnects", busEvents("denied", "0x70") + busEvents("reconnected", "0+1x70"), never},
	},
	"HoldfastLagGrowing": {
		{"it grows", pending("actions", "0+200x70") + gate("0x70"), 21},
		{"a burst that is worked off", pending("actions", "0x5 50000-2000x25 0x50") + gate("0x70"), never},
		{"a few wait", pending("actions", "0+1x70") + gate("0x70"), never},
		{"Vault is down, which has an alert of its own", pending("actions", "0+200x70") + gate("1x70"), never},
	},
	"HoldfastNothingHandled": {
		{"stuck", pending("actions", "0x5 7x65") + deliveries("0+10x5 50x65") + gate("0x70"), 19},
		{"slow, but it goes on", pending("actions", "0x5 7x65") + deliveries("0+1x70") + gate("0x70"), never},
		{"nothing to do at night", pending("actions", "0x70") + deliveries("50x70") + gate("0x70"), never},
		{"Vault is down, which has an alert of its own", pending("actions", "7x70") + deliveries("50x70") + gate("1x70"), never},
	},
	"HoldfastConsumerFull": {
		{"at the limit", consumer("ack_pending", "actions", "0+4000x70") + consumer("ack_pending_limit", "actions", "200000x70"), 51},
		{"a target is away, with room to spare", consumer("ack_pending", "actions", "50000x70") + consumer("ack_pending_limit", "actions", "200000x70"), never},
		{"there is no limit", consumer("ack_pending", "actions", "50000x70") + consumer("ack_pending_limit", "actions", "0x70"), never},
	},
	"HoldfastPoison": {
		{"one", dead("poison", "0x10 1x60"), 11},
		{"others", dead("schema_violation", "0+9x70") + dead("poison", "0x70"), never},
	},
	"HoldfastDeadLetters": {
		{"an upstream system's release", dead("schema_violation", "0x10 0+1x60"), 22},
		{"somebody tries something out", dead("schema_violation", "0x10 1 3 5x58"), never},
	},
	"HoldfastBrokenConnectionsRising": {
		{"a wave", broken("5x20 25x50"), 31},
		{"now and then one", broken("5+0.1x70"), never},
		{"many for long", broken("400x70"), never},
		{"a wave that is repaired at once", broken("5x20 25x5 6x45"), never},
	},
	"HoldfastRefreshTokenLost": {
		{"one", suspensions("suspended", "refresh_token_lost", "0x10 1x60"), 11},
		{"other reasons", suspensions("suspended", "invalid_grant", "0+3x70") + suspensions("suspended", "refresh_token_lost", "0x70"), never},
	},
	"HoldfastTokenStoreFailing": {
		{"again and again", `holdfast_token_store_failures_total{job="hf",reason="vault_unavailable"} 0x10 0+2x60` + "\n", 14},
		{"never", `holdfast_token_store_failures_total{job="hf",reason="vault_unavailable"} 3x70` + "\n", never},
	},
	"HoldfastProviderFailing": {
		{"most fail", tokens("", "0+1x70") + tokens("provider_unavailable", "0x10 0+9x60"), 23},
		{"some fail", tokens("", "0+9x70") + tokens("provider_unavailable", "0x10 0+3x60"), never},
		{"two at night", tokens("", "0x70") + tokens("provider_unavailable", "0x10 1 2x60"), never},
		{"bad credentials are no outage", tokens("", "0+1x70") + tokens("invalid_grant", "0+20x70") + tokens("provider_unavailable", "0x70"), never},
	},
	"HoldfastEffectUnknown": {
		{"one", `holdfast_requests_total{job="hf",outcome="unknown",reason="effect_unknown"} 0x10 1x60` + "\n", 11},
		{"failures", `holdfast_requests_total{job="hf",outcome="failed",reason="target_rejected"} 0+9x70` + "\n", never},
	},
	"HoldfastSuspensionsEnding": {
		{"one", suspensions("ending_soon", "bad_credentials", "0x10 1x60"), 11},
		{"suspended and resumed", suspensions("suspended", "bad_credentials", "0+5x70") + suspensions("resumed", "bad_credentials", "0+5x70") + suspensions("ending_soon", "bad_credentials", "0x70"), never},
	},
	"HoldfastAlarmsLate": {
		{"one of three", late("0x10 3x60", "0x10 2x60"), 11},
		{"in time", late("0x10 3x60", "0x10 3x60"), never},
	},
}

// The series of a worker called a.
func ready(instance, values string) string {
	return `holdfast_ready{job="hf",instance="` + instance + `"} ` + values + "\n"
}

func up(dependency, values string) string { return upOf("a", dependency, values) }

func upOf(instance, dependency, values string) string {
	return `holdfast_dependency_up{job="hf",instance="` + instance + `",dependency="` + dependency + `"} ` + values + "\n"
}

func retries(reason, values string) string {
	return `holdfast_retries_total{job="hf",reason="` + reason + `"} ` + values + "\n"
}

func busEvents(event, values string) string {
	return `holdfast_bus_events_total{job="hf",event="` + event + `"} ` + values + "\n"
}

func vaultCalls(outcome, values string) string {
	return `holdfast_vault_call_seconds_count{job="hf",operation="health",outcome="` + outcome + `"} ` + values + "\n"
}

func consumer(what, name, values string) string {
	return `holdfast_consumer_` + what + `{job="hf",consumer="` + name + `"} ` + values + "\n"
}

func pending(name, values string) string { return consumer("pending", name, values) }

func gate(values string) string { return `holdfast_gate_closed{job="hf"} ` + values + "\n" }

func deliveries(values string) string {
	return `holdfast_deliveries_total{job="hf",type="holdfast.action.requested.v1",verb="ack"} ` + values + "\n"
}

func dead(reason, values string) string {
	return `holdfast_dead_letters_total{job="hf",reason="` + reason + `"} ` + values + "\n"
}

func broken(values string) string {
	return `holdfast_connections{job="hf",state="broken"} ` + values + "\n"
}

func suspensions(event, reason, values string) string {
	return `holdfast_suspension_events_total{job="hf",event="` + event + `",reason="` + reason + `"} ` + values + "\n"
}

func tokens(reason, values string) string {
	return `holdfast_token_request_seconds_count{job="hf",method="oauth2_refresh_token",reason="` + reason + `"} ` + values + "\n"
}

// late is all alarms, and those that rang within a minute, as Prometheus 3 names their bucket.
func late(all, inTime string) string {
	return `holdfast_alarm_late_seconds_count{job="hf"} ` + all + "\n" + `holdfast_alarm_late_seconds_bucket{job="hf",le="60.0"} ` + inTime + "\n"
}

func TestO4_EveryAlertFiresWhenItShouldAndNotBefore(t *testing.T) {
	for _, r := range alerts(t) {
		all := scenes[r.Alert]
		fires := func(s scene) bool { return s.firesAt != never }
		if !slices.ContainsFunc(all, fires) || !slices.ContainsFunc(all, func(s scene) bool { return !fires(s) }) {
			t.Errorf("%s is not tried in both ways", r.Alert)
		}
		expr, err := promql.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			rule := rules.NewAlertingRule(r.Alert, expr, time.Duration(r.For), time.Duration(r.KeepFiringFor), labels.FromMap(r.Labels),
				labels.FromMap(r.Annotations), labels.EmptyLabels(), "", true, slog.New(slog.DiscardHandler))
			if at := firstFires(t, rule, s.series); at != s.firesAt {
				t.Errorf("%s, %s: fires at minute %d, want %d", r.Alert, s.name, at, s.firesAt)
			}
		}
	}
	for name := range scenes {
		if !slices.ContainsFunc(alerts(t), func(r rulefmt.Rule) bool { return r.Alert == name }) {
			t.Errorf("there is no alert %s", name)
		}
	}
}

// firstFires evaluates a rule every minute, and gives the first at which it fires; 0: at none.
func firstFires(t *testing.T, rule *rules.AlertingRule, series string) int {
	t.Helper()
	store := promqltest.LoadedStorage(t, "load 1m\n"+series)
	defer func() { _ = store.Close() }()
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	query := rules.EngineQueryFunc(engine, store)
	for minute := 1; minute <= 70; minute++ {
		at := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
		if _, err := rule.Eval(context.Background(), 0, at, query, nil, 0); err != nil {
			t.Fatalf("%s: %v", rule.Name(), err)
		}
		rule.SetEvaluationTimestamp(at) // its group would
		if rule.State() == rules.StateFiring {
			readable(t, rule)
			return minute
		}
	}
	return never
}

// readable checks that what people are told has no mistake of a template's in it.
func readable(t *testing.T, rule *rules.AlertingRule) {
	t.Helper()
	for _, a := range rule.ActiveAlerts() {
		a.Annotations.Range(func(l labels.Label) {
			if strings.Contains(l.Value, "<error") || strings.Contains(l.Value, "<no value>") || strings.Contains(l.Value, "{{") {
				t.Errorf("%s: %s is %q", rule.Name(), l.Name, l.Value)
			}
		})
	}
}
