package events

// ChainRecord is the last record of one chain.
type ChainRecord struct {
	Record

	Chain Chain
}
