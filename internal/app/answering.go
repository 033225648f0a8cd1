package app

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

const (
	// answerGroup is what workers call themselves together, so that each question goes to one of them.
	answerGroup = "holdfast"
	// answerLook is how often a worker looks whether it knows enough to answer.
	answerLook = time.Second
)

// answering answers questions for as long as the worker is caught up: one that is not leaves them to others.
type answering struct {
	app    *App
	router *dispatch.Router
	stop   func() // nil: nothing is answered
}

func (a *App) startAnswering(ctx context.Context) error {
	r := dispatch.NewRouter(dispatch.ForQuestions(), dispatch.WithClock(a.bus.Clock()))
	if err := dispatch.Handle(r, events.PermissionQuery, a.handlers.PermissionQuery); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	x := &answering{app: a, router: r}
	x.look()
	var looking sync.WaitGroup
	looking.Go(func() { x.run(ctx) })
	a.onStop("answers", func(context.Context) error { cancel(); looking.Wait(); x.pause(); return nil })
	return nil
}

func (x *answering) run(ctx context.Context) {
	for pause.For(ctx, answerLook) {
		x.look()
	}
}

// look begins to answer, or stops.
func (x *answering) look() {
	age := x.app.cfg.Permissions.MaxAge
	if age > 0 && x.app.bus.Clock().Now().Sub(x.app.handlers.Known()) > age {
		x.pause()
		return
	}
	if x.stop != nil {
		return
	}
	stop, err := x.app.bus.Answer(events.SubjectOf("*", events.PermissionQuery), answerGroup, x.answer)
	if err != nil {
		logFault(x.app.log, err, "questions about permissions are not answered by this worker")
		return
	}
	x.stop = stop
}

func (x *answering) pause() {
	if x.stop != nil {
		x.stop()
		x.stop = nil
	}
}

// answer is the answer to one question, whatever is wrong with it.
func (x *answering) answer(d dispatch.Delivery) []byte {
	result := x.route(d)
	reply, ok := result.Answer.(events.PermissionReply)
	if !ok {
		f := result.Fault
		if f == nil {
			f = fault.New(fault.Internal, "the question has no answer")
		}
		reply = events.PermissionReply{Tenant: events.TenantOf(d.Subject), Error: handlers.QueryProblem(f)}
	}
	e, err := events.New(events.PermissionAnswer, x.app.bus.Clock().Now(), reply)
	if err != nil {
		return unanswerable
	}
	raw, err := e.Encode()
	if err != nil {
		return unanswerable
	}
	return raw
}

func (x *answering) route(d dispatch.Delivery) dispatch.Result {
	if f := x.app.handlers.MayAsk(events.TenantOf(d.Subject)); f != nil {
		return dispatch.Again(f)
	}
	return x.router.Route(context.Background(), d)
}

// unanswerable is for an answer that could not be written: a defect of ours.
var unanswerable, _ = json.Marshal(map[string]string{"error": string(fault.Internal)})
