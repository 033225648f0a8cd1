package testkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Cluster is NATS servers in processes of their own, which can be killed and started again one by one.
type Cluster struct {
	tb     testing.TB
	binary string
	nodes  []*node
	js     jetstream.JetStream
}

type node struct {
	name, config, url string
	host              *Host

	mu      sync.Mutex
	process *exec.Cmd // nil: it does not run
}

const (
	clusterPatience = 60 * time.Second
	clusterPing     = 2 * time.Second // so that the test's own client leaves a server soon that it can not reach
)

// StartCluster starts n servers with JetStream on disk and waits until they can make a stream with n
// replicas. They end with the test.
func StartCluster(tb testing.TB, n int) *Cluster {
	tb.Helper()
	ports := freePorts(tb, 2*n)
	nodes := make([]place, n)
	for i := range nodes {
		nodes[i] = place{address: "127.0.0.1", client: ports[i], route: ports[n+i]}
	}
	return startCluster(tb, nodes)
}

// StartClusterOn is StartCluster with one server on each host.
func StartClusterOn(tb testing.TB, hosts []*Host) *Cluster {
	tb.Helper()
	var nodes []place
	for _, h := range hosts {
		nodes = append(nodes, place{host: h, address: h.Address, client: 4222, route: 6222})
	}
	return startCluster(tb, nodes)
}

// place is where a server runs and listens.
type place struct {
	host          *Host
	address       string
	client, route int // ports
}

func startCluster(tb testing.TB, places []place) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb, binary: buildNATS(tb)}
	var mesh []string
	for _, p := range places {
		mesh = append(mesh, fmt.Sprintf("nats://%s:%d", p.address, p.route))
	}
	dir := tb.TempDir()
	for i, p := range places {
		name := fmt.Sprintf("n%d", i)
		config := fmt.Sprintf(`server_name: %s
listen: %s:%d
max_payload: 9MB
jetstream { store_dir: %q }
cluster { name: test, listen: %s:%d, routes: [%s] }
`, name, p.address, p.client, filepath.Join(dir, name), p.address, p.route, strings.Join(mesh, ", "))
		file := filepath.Join(dir, name+".conf")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			tb.Fatal(err)
		}
		c.nodes = append(c.nodes, &node{name: name, config: file, host: p.host, url: fmt.Sprintf("nats://%s:%d", p.address, p.client)})
	}
	tb.Cleanup(func() {
		for i := range c.nodes {
			c.Kill(i)
		}
	})
	for _, nd := range c.nodes {
		nd.start(tb, c.binary)
	}
	c.connect()
	return c
}

// buildNATS builds the server from the module that this one depends on, once for each version.
func buildNATS(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	binary := filepath.Join(tb.TempDir(), "nats-server")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/nats-io/nats-server/v2").CombinedOutput()
	if err != nil {
		tb.Fatalf("build nats-server: %v\n%s", err, out)
	}
	return binary
}

// freePorts gives ports that were free a moment ago: routes must be known before servers start.
func freePorts(tb testing.TB, n int) []int {
	tb.Helper()
	var ports []int
	var open []*net.TCPListener // closed at the end, so that no port comes twice
	for range n {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			tb.Fatal(err)
		}
		open = append(open, l)
		addr, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			tb.Fatalf("listens on %s", l.Addr())
		}
		ports = append(ports, addr.Port)
	}
	for _, l := range open {
		_ = l.Close() // nobody connected
	}
	return ports
}

func (n *node) start(tb testing.TB, binary string) {
	tb.Helper()
	log, err := os.OpenFile(n.config+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := n.host.Command(binary, "-c", n.config)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", n.name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process = cmd
}

func (c *Cluster) connect() {
	c.tb.Helper()
	nc, err := nats.Connect(strings.Join(c.URLs(), ","), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
		nats.ReconnectWait(100*time.Millisecond), nats.PingInterval(clusterPing), nats.CustomInboxPrefix("_INBOX_cluster"))
	if err != nil {
		c.tb.Fatal(err)
	}
	c.tb.Cleanup(nc.Close)
	if c.js, err = jetstream.New(nc); err != nil {
		c.tb.Fatal(err)
	}
	Eventually(c.tb, clusterPatience, "a cluster that can make a stream", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		cfg := jetstream.StreamConfig{Name: "PROBE", Subjects: []string{"probe"}, Replicas: len(c.nodes)}
		if _, err := c.js.CreateStream(ctx, cfg); err != nil {
			return false
		}
		return c.js.DeleteStream(ctx, "PROBE") == nil
	})
}

// URLs are where clients connect, one for each node.
func (c *Cluster) URLs() []string {
	var urls []string
	for _, n := range c.nodes {
		urls = append(urls, n.url)
	}
	return urls
}

// Kill ends a node with SIGKILL and waits until it is gone; one that does not run stays so.
func (c *Cluster) Kill(i int) {
	n := c.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil {
		return
	}
	_ = n.process.Process.Kill()
	_ = n.process.Wait() // killed, as it should be
	n.process = nil
}

// Restart starts a killed node again on its store.
func (c *Cluster) Restart(i int) {
	c.tb.Helper()
	n := c.nodes[i]
	n.mu.Lock()
	runs := n.process != nil
	n.mu.Unlock()
	if !runs {
		n.start(c.tb, c.binary)
	}
}

// StreamLeader is the node that leads a stream; -1 while there is none.
func (c *Cluster) StreamLeader(stream string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return -1
	}
	return c.index(s.CachedInfo().Cluster)
}

// ConsumerLeader is the node that leads a consumer; -1 while there is none.
func (c *Cluster) ConsumerLeader(stream, consumer string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := c.js.Consumer(ctx, stream, consumer)
	if err != nil {
		return -1
	}
	return c.index(s.CachedInfo().Cluster)
}

func (c *Cluster) index(info *jetstream.ClusterInfo) int {
	if info == nil {
		return -1
	}
	for i, n := range c.nodes {
		if n.name == info.Leader {
			return i
		}
	}
	return -1
}

// JetStream is a client of the test's own, to look at what is stored.
func (c *Cluster) JetStream() jetstream.JetStream { return c.js }
