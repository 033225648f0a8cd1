package httpc

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"syscall"

	"holdfast/internal/fault"
)

// progress notes how far a request got. The hooks run on the transport's goroutines.
type progress struct{ written atomic.Bool }

// watch marks the request as written as soon as its headers are handed to the connection: a part of the
// headers alone makes no server act, and the body follows them.
func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { p.written.Store(true) },
	})
}

// fault turns an error of the network into a fault. The error's own text holds the URL, so it is only wrapped.
func (p *progress) fault(err error) *fault.Fault {
	if _, ok := errors.AsType[*refusedAddressError](err); ok {
		return fault.Wrap(fault.AddressRefused, "the target's address is loopback, link-local, a metadata service or reserved", err).
			WithHint("allow it in the connector's address policy if it is meant").WithNoEffect()
	}
	if p.written.Load() {
		return fault.Wrap(fault.TargetUnavailable, describe(err)+" after the request was sent", err)
	}
	return fault.Wrap(fault.TargetUnavailable, describe(err)+" before the request was sent", err).WithNoEffect()
}

// describe says in fixed words what happened.
func describe(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isDNS && dns.IsNotFound:
		return "the target's name was not found"
	case isDNS:
		return "the target's name could not be looked up"
	case isCert:
		return "the target's certificate is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the target refused the connection"
	case errors.Is(err, syscall.ECONNRESET):
		return "the target reset the connection"
	case errors.Is(err, context.Canceled):
		return "the operation was stopped"
	case isTimeout(err):
		return "the time ran out"
	}
	return "the connection failed"
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || ok && ne.Timeout()
}
