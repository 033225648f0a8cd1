// Package vault stands in for the label rules of the metrics sink.
package vault

// Extractor would move parts of a key into labels.
var Extractor any

// Bucketer would choose histogram buckets.
var Bucketer any
