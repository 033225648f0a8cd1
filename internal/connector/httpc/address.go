package httpc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"holdfast/internal/fault"
)

// AddressPolicy says where the connector may connect to although it is refused by default: loopback,
// link-local, unspecified, multicast and reserved addresses, and the clouds' metadata services. Private
// networks are normal targets and need no entry.
type AddressPolicy struct {
	// Allow are networks.
	Allow []netip.Prefix
	// AllowHosts are host names, as they are in the base URL, that may resolve to anything.
	AllowHosts []string
}

// ParseAddressPolicy reads an operator's list: "10.0.0.1", "127.0.0.0/8", "fe80::/10", "localhost".
func ParseAddressPolicy(entries []string) (AddressPolicy, error) {
	var p AddressPolicy
	for _, e := range entries {
		if prefix, err := netip.ParsePrefix(e); err == nil {
			p.Allow = append(p.Allow, prefix.Masked())
		} else if addr, err := netip.ParseAddr(e); err == nil {
			p.Allow = append(p.Allow, netip.PrefixFrom(addr, addr.BitLen()))
		} else if e == "" || strings.ContainsAny(e, "/:@ ") {
			return p, fmt.Errorf("%q is no address, network or host name", e)
		} else {
			p.AllowHosts = append(p.AllowHosts, strings.ToLower(e))
		}
	}
	return p, nil
}

// refusedAddressError comes out of the dialer before a connection is made.
type refusedAddressError struct{}

func (*refusedAddressError) Error() string { return "the address is refused" }

// Unwrap lets others that dial through the policy tell a refusal from a network that is down.
func (*refusedAddressError) Unwrap() error {
	return fault.New(fault.AddressRefused, "the address is loopback, link-local, a metadata service or reserved")
}

// dialContext checks the very address that is about to be dialled, after DNS, so that a name that resolves
// differently the second time gains nothing.
func (p AddressPolicy) dialContext(d net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	guarded := d
	guarded.Control = func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !p.permits(ap.Addr()) {
			return &refusedAddressError{}
		}
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err == nil && slices.Contains(p.AllowHosts, strings.ToLower(host)) {
			return d.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// permits looks at the address and at every IPv4 address that a translator would make of it.
func (p AddressPolicy) permits(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, each := range append(embedded(a), a) {
		if special(each) && !p.allowed(each) {
			return false
		}
	}
	return true
}

func (p AddressPolicy) allowed(a netip.Addr) bool {
	return slices.ContainsFunc(p.Allow, func(n netip.Prefix) bool { return n.Contains(a) })
}

// refusedNets are special-purpose networks (IANA registries, RFC 6890) beyond those that netip knows, and
// the metadata services that live at routable addresses.
var refusedNets = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("240.0.0.0/4"),        // reserved, and broadcast
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle Cloud
	netip.MustParsePrefix("fd00:ec2::254/128"),  // AWS
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google Cloud
}

func special(a netip.Addr) bool {
	return !a.IsValid() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() ||
		slices.ContainsFunc(refusedNets, func(n netip.Prefix) bool { return n.Contains(a) })
}

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")   // RFC 6052
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48") // RFC 8215
	compatible = netip.MustParsePrefix("::/96")          // RFC 4291 section 2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96")
	sixToFour  = netip.MustParsePrefix("2002::/16") // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32") // RFC 4380
)

// embedded lists the IPv4 addresses inside an IPv6 address.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() || a.IsLoopback() || a.IsUnspecified() {
		return nil
	}
	b := a.As16()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	switch {
	case nat64Local.Contains(a): // a /48 puts the address around byte 8, a /96 at the end
		return []netip.Addr{at(12), netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]})}
	case nat64.Contains(a), compatible.Contains(a), translated.Contains(a):
		return []netip.Addr{at(12)}
	case sixToFour.Contains(a):
		return []netip.Addr{at(2)}
	case teredo.Contains(a): // the client's address is stored inverted
		return []netip.Addr{at(4), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP, RFC 5214
		return []netip.Addr{at(12)}
	}
	return nil
}
