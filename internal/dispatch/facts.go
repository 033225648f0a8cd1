package dispatch

import "context"

// Facts are ids that a handler learns of a delivery and middleware around it wants to name. Each is a safe id, or
// empty where the delivery has none.
type Facts struct {
	Tenant     string
	Request    string
	Run        string
	Connection string
}

// noted is what is learned of a delivery while it is handled.
type noted struct {
	Facts

	stages stageTimes
}

type factsKey struct{}

// withFacts makes room in a context for what is learned, unless an outer middleware did.
func withFacts(ctx context.Context) (context.Context, *noted) {
	if n := factsOf(ctx); n != nil {
		return ctx, n
	}
	n := new(noted)
	return context.WithValue(ctx, factsKey{}, n), n
}

func factsOf(ctx context.Context) *noted {
	n, _ := ctx.Value(factsKey{}).(*noted)
	return n
}

// Name tells whose delivery it is that ctx belongs to, where no Router does.
func Name(ctx context.Context, f Facts) {
	if n := factsOf(ctx); n != nil {
		n.Facts = f
	}
}
