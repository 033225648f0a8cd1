package stackdriver

import "github.com/armon/go-metrics"

// SetGaugeWithLabels drops the value.
func (*Sink) SetGaugeWithLabels([]string, float32, []metrics.Label) {}

// IncrCounterWithLabels drops the value.
func (*Sink) IncrCounterWithLabels([]string, float32, []metrics.Label) {}

// AddSampleWithLabels drops the value.
func (*Sink) AddSampleWithLabels([]string, float32, []metrics.Label) {}
