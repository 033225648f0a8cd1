package dev

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSum_AddsTheSeriesThatCarryAllLabels(t *testing.T) {
	text := strings.Join([]string{
		"# HELP holdfast_deliveries_total …", "# TYPE holdfast_deliveries_total counter",
		`holdfast_deliveries_total{type="a",verb="retry"} 3`, `holdfast_deliveries_total{type="b",verb="retry"} 4`,
		`holdfast_deliveries_total{type="a",verb="ack"} 50`, `holdfast_deliveries_total_other{verb="retry"} 600`,
		`holdfast_suspensions_held 2`,
	}, "\n")
	for want, labels := range map[float64][]string{7: {`verb="retry"`}, 3: {`verb="retry"`, `type="a"`}, 57: nil} {
		if got := sum(text, "holdfast_deliveries_total", labels); got != want {
			t.Errorf("%v: %v, want %v", labels, got, want)
		}
	}
	if got := sum(text, "holdfast_suspensions_held", nil); got != 2 {
		t.Errorf("without labels: %v", got)
	}
}

func TestPort_GivesWayUnlessItIsFixed(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, text, _ := net.SplitHostPort(l.Addr().String())
	taken, _ := strconv.Atoi(text)
	if n, err := (Port{Number: taken}).pick(t.Context(), "bus"); err != nil || n == taken || n == 0 {
		t.Errorf("a taken port: %d, %v", n, err)
	}
	if _, err := (Port{Number: taken, Fixed: true}).pick(t.Context(), "bus"); err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("a taken port that is fixed: %v", err)
	}
	if n, err := (Port{}).pick(context.Background(), "bus"); err != nil || n == 0 {
		t.Errorf("any port: %d, %v", n, err)
	}
}

func TestProgress_TellsALineEveryFewSecondsAndNothingOfAQuickBuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quick, slow bytes.Buffer
		watchBuild(&quick, "Vault").end(nil)
		if quick.Len() > 0 {
			t.Errorf("a quick build said %q", quick.String())
		}
		p := watchBuild(&slow, "Vault")
		_, _ = p.Write([]byte("go: downloading x v1\ngithub.com/hashicorp/vault/api\n"))
		time.Sleep(2*tellLines + time.Second) //nolint:forbidigo // the bubble's clock
		p.end(nil)
		if got := strings.Count(slow.String(), "building Vault: "); got != 2 {
			t.Errorf("%d lines:\n%s", got, slow.String())
		}
		if !strings.Contains(slow.String(), "5s, 2 packages so far, now github.com/hashicorp/vault/api\n") ||
			!strings.HasSuffix(slow.String(), "built Vault in 11s\n") {
			t.Errorf("said:\n%s", slow.String())
		}
	})
}
