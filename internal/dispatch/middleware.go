package dispatch

// Middleware wraps a handler with what every delivery needs and no handler should know.
type Middleware func(Handler) Handler

// Chain wraps h so that the first middleware is the outermost:
//
//	Chain(router.Route, Tracing(tracer), Metrics(observer), Logging(log))
func Chain(h Handler, mw ...Middleware) Handler {
	for i := len(mw) - 1; i >= 0; i-- {
		h = mw[i](h)
	}
	return h
}
