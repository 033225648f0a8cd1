package dev

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// Port is where a part listens on the loopback interface.
type Port struct {
	Number int // 0: any that is free
	// Fixed refuses another port where this one is taken.
	Fixed bool
}

// Ports are the ports of all parts.
type Ports struct{ NATS, Vault, Provider, Target, Metrics, Console Port }

// DefaultPorts are what people expect; another is taken where one is not free.
func DefaultPorts() Ports {
	return Ports{
		NATS: Port{Number: 4222}, Vault: Port{Number: 8200}, Provider: Port{Number: 8090},
		Target: Port{Number: 8091}, Metrics: Port{Number: 9464}, Console: Port{Number: 8092},
	}
}

const loopback = "127.0.0.1"

// pick gives a port that is free now. Somebody may still take it before the part does; then the part says so.
func (p Port) pick(ctx context.Context, part string) (int, error) {
	n, err := tryPort(ctx, p.Number)
	if err == nil || p.Number == 0 {
		return n, err
	}
	if p.Fixed {
		return 0, fmt.Errorf("port %d is taken: choose another for the %s, or 0 for any", p.Number, part)
	}
	return tryPort(ctx, 0)
}

func tryPort(ctx context.Context, n int) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address(n))
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
