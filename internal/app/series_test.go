package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/internal/app"
	"holdfast/internal/metrics"
)

// exported are the values of a worker's own series, as Prometheus reads them.
type exported map[string]string

func readExport(text string) exported {
	all := exported{}
	for line := range strings.Lines(text) {
		if at := strings.LastIndexByte(line, ' '); at > 0 && strings.HasPrefix(line, "holdfast_") {
			all[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	return all
}

// atStart are those of a worker that has done nothing.
var atStart = func() exported {
	rec := httptest.NewRecorder()
	promhttp.HandlerFor(metrics.New().Registry, promhttp.HandlerOpts{}).
		ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return readExport(rec.Body.String())
}()

// scrape reads a worker's series.
func scrape(tb testing.TB, a *app.App) exported {
	tb.Helper()
	resp, err := http.Get("http://" + a.MetricsAddr().String() + "/metrics")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return readExport(string(raw))
}

// wantNoNewSeries checks that whatever a worker did, it counted it in a series that was there from its start: an
// alert on an increase does not see the first of what appears with a 1. Every test of this package ends with it.
func wantNoNewSeries(tb testing.TB, a *app.App) {
	tb.Helper()
	all := scrape(tb, a)
	if len(all) < len(atStart) {
		tb.Errorf("%d series, and a worker begins with %d", len(all), len(atStart))
	}
	for series := range all {
		if _, known := atStart[series]; !known {
			tb.Errorf("%s did not start at 0", series)
		}
	}
}
