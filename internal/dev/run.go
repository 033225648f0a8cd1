package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Run starts everything, says where it is and what to try, and stops it all when ctx ends. It fails when a
// part can not be started, or ends by itself.
func Run(ctx context.Context, o Options) error {
	s, err := Start(ctx, o)
	if err != nil {
		return err
	}
	if err = s.introduce(); err == nil {
		select {
		case <-ctx.Done():
			s.say("stopping")
		case err = <-s.Failed():
		}
	}
	return errors.Join(err, s.Stop())
}

// readyLine is what machines wait for.
type readyLine struct {
	Ready bool `json:"ready"`
	Places
	Worker      int      `json:"worker_pid"`
	Tenant      string   `json:"tenant,omitempty"`
	Connections []string `json:"connections,omitempty"`
}

func (s *Stack) introduce() error {
	if s.o.JSON {
		line := readyLine{Ready: true, Places: s.Places, Worker: s.Worker.PID()}
		if !s.o.WithoutDemo {
			line.Tenant, line.Connections = DemoTenant, s.connections
		}
		return json.NewEncoder(s.o.Out).Encode(line)
	}
	text, err := s.guide()
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.o.Out, text)
	return err
}
