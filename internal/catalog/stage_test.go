package catalog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/connector/noop"
	"holdfast/internal/connector/odata"
	"holdfast/internal/fault"
)

// proxy is where every connection of these tests goes: it leads each host name to the same listener. Names and
// certificates are checked by the connector as they are in production.
var proxy struct {
	listener net.Listener
	mu       sync.Mutex
	to       string
}

func TestMain(m *testing.M) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	proxy.listener = l
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} { // read once, by the first request
		if err := os.Setenv(name, "http://"+l.Addr().String()); err != nil {
			panic(err)
		}
	}
	s := &http.Server{Handler: http.HandlerFunc(tunnel), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { _ = s.Close(); os.Exit(code) }), goleak.IgnoreCurrent())
}

// tunnel answers CONNECT (RFC 9110 section 9.3.6).
func tunnel(w http.ResponseWriter, r *http.Request) {
	proxy.mu.Lock()
	to := proxy.to
	proxy.mu.Unlock()
	out, err := net.Dial("tcp", to)
	if err != nil || r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = in.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(out, buffered); _ = out.Close() })
	both.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
	both.Wait()
}

// answer is how a target answers, and where such an answer was seen.
type answer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
	Source string `json:"source"`
}

// target stands in for every host.
type target struct {
	mu   sync.Mutex
	says answer
	got  *http.Request
}

func (s *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = r
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(s.says.Status)
	_, _ = w.Write([]byte(s.says.Body))
}

func (s *target) say(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says, s.got = a, nil
}

// asked is the last request, nil where there was none.
func (s *target) asked() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// newStage starts a target that has a certificate for any name, and makes the connectors that reach it.
func newStage(t *testing.T) (*target, *connector.Registry) {
	t.Helper()
	pool, certify := authority(t)
	s := &target{}
	server := httptest.NewUnstartedServer(s)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certify}
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy.mu.Lock()
	proxy.to = server.Listener.Addr().String()
	proxy.mu.Unlock()
	h := httpc.New(httpc.Options{
		RootCAs: pool, ProxyFromEnvironment: true,
		Addresses: httpc.AddressPolicy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	t.Cleanup(h.Close)
	r, err := connector.NewRegistry(h, odata.New(h, 0), noop.New())
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// authority makes certificates for the names that clients ask for.
func authority(t *testing.T) (*x509.CertPool, func(*tls.ClientHelloInfo) (*tls.Certificate, error)) {
	t.Helper()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool, func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{h.ServerName}}
		der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
	}
}

func reason(err error) fault.Reason {
	if f := fault.From(err); f != nil {
		return f.Reason
	}
	return ""
}
