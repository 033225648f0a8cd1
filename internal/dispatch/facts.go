package dispatch

import "context"

// Facts are ids that a Router reads from a delivery and middleware around it wants to name. Each is a safe
// id, or empty where the delivery has none.
type Facts struct {
	Tenant     string
	Request    string
	Run        string
	Connection string
}

type factsKey struct{}

// withFacts makes room in a context for what the Router learns, unless an outer middleware did.
func withFacts(ctx context.Context) (context.Context, *Facts) {
	if f := factsOf(ctx); f != nil {
		return ctx, f
	}
	f := new(Facts)
	return context.WithValue(ctx, factsKey{}, f), f
}

func factsOf(ctx context.Context) *Facts {
	f, _ := ctx.Value(factsKey{}).(*Facts)
	return f
}
