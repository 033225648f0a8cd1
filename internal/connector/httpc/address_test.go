package httpc

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"holdfast/internal/fault"
)

func TestAddressPolicy(t *testing.T) {
	refused := []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "224.0.0.1", "255.255.255.255",
		"240.0.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
		"::", "::1", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254", "fd20:ce::254",
		"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:7f00:1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::",
		"2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001:0:102:304:0:0:8056:5601",
		"2001:db8::5efe:127.0.0.1", "2001:db8::200:5efe:169.254.169.254",
	}
	for _, a := range refused {
		if (AddressPolicy{}).permits(netip.MustParseAddr(a)) {
			t.Errorf("%s is permitted", a)
		}
	}
	for _, a := range []string{"10.1.2.3", "192.168.1.1", "172.16.0.1", "93.184.215.14", "100.64.0.1", "fd12:3456::1",
		"2606:2800:220:1::1", "64:ff9b::5db8:d70e", "2002:5db8:d70e::1"} {
		if !(AddressPolicy{}).permits(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
	p, err := ParseAddressPolicy([]string{"127.0.0.0/8", "169.254.7.7", "fe80::/10", "LocalHost"})
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "169.254.7.7": true, "169.254.7.8": false, "fe80::1%eth0": true, "::1": false,
	} {
		if got := p.permits(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v, want %v", a, got, want)
		}
	}
	if _, err := ParseAddressPolicy([]string{"127.0.0.0/99"}); err == nil {
		t.Error("a wrong network was accepted")
	}
}

// The name is harmless when the connection is set up; what counts is what it resolves to when it is dialled.
func TestC3_ANameThatResolvesToLoopbackIsRefusedAtDialTime(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") })
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	guarded := New(Options{})
	defer guarded.Close()
	for _, host := range []string{"localhost", "127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		r := request("http://"+host+":"+u.Port(), "POST", "/")
		if err := guarded.Validate(r); err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		_, err := guarded.Execute(t.Context(), r)
		if shown := wantFault(t, err, fault.AddressRefused, true); !strings.HasSuffix(shown, "if it is meant") {
			t.Errorf("%s: no hint", host)
		}
	}
}

// TestDNSRebinding answers the same name with two addresses, one after the other.
func TestDNSRebinding(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	first := AddressPolicy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	resolver := newResolver(t, "127.0.0.1", "127.0.0.2")
	dial := first.dialContext(net.Dialer{Resolver: resolver})
	conn, err := dial(t.Context(), "tcp4", net.JoinHostPort("rebind.test", port))
	if err != nil {
		t.Fatalf("first answer: %v", err)
	}
	_ = conn.Close()
	if _, err = dial(t.Context(), "tcp4", net.JoinHostPort("rebind.test", port)); err == nil {
		t.Fatal("the second answer was dialled")
	}
	if f := new(progress).fault(err); f.Reason != fault.AddressRefused {
		t.Errorf("%v", err)
	}
}

func TestAllowedHostMayResolveToAnything(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := New(Options{Addresses: AddressPolicy{AllowHosts: []string{"localhost"}}})
	defer c.Close()
	if _, err := c.Execute(t.Context(), request("http://localhost:"+port, "GET", "/")); err != nil {
		t.Error(err)
	}
}
