package scrape

import (
	"bytes"
	"context"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"holdfast/internal/ops"
)

// metricsMost bounds what is read of a worker's metrics, in bytes: they are some hundred kilobytes.
const metricsMost = 16 << 20

// Series is one series of a worker's metrics, as Prometheus' text format has it.
type Series struct {
	Name   string
	Labels map[string]string
	Value  float64 // of a counter or a gauge
	// Count and Buckets are of a histogram: observations, and how many of them were at most as long as a bound.
	Count   uint64
	Buckets []Bucket
}

// Bucket is one of a histogram.
type Bucket struct {
	Bound float64 // seconds; +Inf for the last
	Count uint64  // of all observations up to the bound
}

// Metrics reads all series.
func (w *Worker) Metrics(ctx context.Context) ([]Series, error) {
	resp, err := get(ctx, w.client, w.at("/metrics"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if !success(resp) {
		return nil, &ops.Problem{Kind: ops.Waiting, Text: resp.Request.URL.Redacted() + " answers " + resp.Status, Hint: "is this a worker's listen.metrics?"}
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, metricsMost))
	if err != nil {
		return nil, cutOff(resp)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, &ops.Problem{Kind: ops.Waiting, Text: resp.Request.URL.Redacted() + " answers what are no metrics", Hint: "is this a worker's listen.metrics?"}
	}
	var all []Series
	for name, f := range families {
		for _, m := range f.GetMetric() {
			all = append(all, series(name, m))
		}
	}
	return all, nil
}

func series(name string, m *dto.Metric) Series {
	s := Series{Name: name, Labels: make(map[string]string), Value: m.GetCounter().GetValue() + m.GetGauge().GetValue()}
	for _, l := range m.GetLabel() {
		s.Labels[l.GetName()] = l.GetValue()
	}
	if h := m.GetHistogram(); h != nil {
		s.Count = h.GetSampleCount()
		for _, b := range h.GetBucket() {
			s.Buckets = append(s.Buckets, Bucket{b.GetUpperBound(), b.GetCumulativeCount()})
		}
	}
	return s
}
