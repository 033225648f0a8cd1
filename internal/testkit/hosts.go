package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// Hosts are machines of their own as far as the network knows: network namespaces, each with an address, at a
// switch that is a namespace, too. So no rule of this machine's firewall has a say in what passes between them, and
// all of it is gone when the namespaces are.
type Hosts struct {
	All []*Host
	// Here is this machine's own address at the switch.
	Here string

	tb testing.TB
}

// Host is one of them. A nil Host is this machine, at its loopback address.
type Host struct {
	Address string

	namespace string
	port      string // at the switch
}

const (
	hostPrefix  = "holdfast-t"
	hostSwitch  = hostPrefix + "-switch"
	hostBridge  = "br0"
	hostHere    = "hft-here" // an interface's name has 15 characters at most
	hostNetwork = "198.18.77."
	hostTimeout = 10 * time.Second
	hostsLock   = 10 * time.Minute
)

// StartHosts makes n hosts and removes them, and whatever runs on them, when the test ends. What an earlier run left
// behind, because it was killed, is removed first. Only one test of the machine has hosts at a time; others wait.
func StartHosts(tb testing.TB, n int) *Hosts {
	tb.Helper()
	lockHosts(tb)
	removeHosts(tb)
	tb.Cleanup(func() { removeHosts(tb) })
	h := &Hosts{Here: hostNetwork + "1", tb: tb}
	h.ip("netns", "add", hostSwitch)
	h.onSwitch("link", "add", hostBridge, "type", "bridge")
	h.onSwitch("link", "set", hostBridge, "up")
	h.ip("link", "add", hostHere, "type", "veth", "peer", "name", "here", "netns", hostSwitch)
	h.onSwitch("link", "set", "here", "master", hostBridge, "up")
	h.ip("addr", "add", h.Here+"/24", "dev", hostHere)
	h.ip("link", "set", hostHere, "up")
	for i := range n {
		h.All = append(h.All, h.host(i))
	}
	return h
}

// lockHosts waits for other tests that have hosts: the names are the same for all.
func lockHosts(tb testing.TB) {
	tb.Helper()
	lock := flock.New(filepath.Join(os.TempDir(), hostPrefix+".lock"))
	ctx, cancel := context.WithTimeout(tb.Context(), hostsLock)
	defer cancel()
	if ok, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil || !ok {
		tb.Fatalf("another test has hosts, for %s by now: %v", hostsLock, err)
	}
	tb.Cleanup(func() { _ = lock.Unlock() })
}

func (h *Hosts) host(i int) *Host {
	h.tb.Helper()
	one := &Host{Address: fmt.Sprintf("%s%d", hostNetwork, 11+i), namespace: fmt.Sprintf("%s-%d", hostPrefix, i), port: fmt.Sprintf("p%d", i)}
	h.ip("netns", "add", one.namespace)
	h.ip("-n", one.namespace, "link", "set", "lo", "up")
	h.ip("link", "add", "eth0", "netns", one.namespace, "type", "veth", "peer", "name", one.port, "netns", hostSwitch)
	h.ip("-n", one.namespace, "addr", "add", one.Address+"/24", "dev", "eth0")
	h.ip("-n", one.namespace, "link", "set", "eth0", "up")
	h.onSwitch("link", "set", one.port, "master", hostBridge, "up")
	return one
}

// Cut takes a host's cable out of the switch: what it sends to anybody is lost without a word.
func (h *Hosts) Cut(one *Host) { h.tb.Helper(); h.onSwitch("link", "set", one.port, "nomaster") }

// Join puts it in again.
func (h *Hosts) Join(one *Host) {
	h.tb.Helper()
	h.onSwitch("link", "set", one.port, "master", hostBridge)
}

// Part keeps two hosts from each other, without a word, while both reach everybody else; Meet ends it.
func (h *Hosts) Part(one, other *Host) { h.tb.Helper(); h.isolate("on", one, other) }

// Meet lets hosts reach each other that were parted.
func (h *Hosts) Meet(one, other *Host) { h.tb.Helper(); h.isolate("off", one, other) }

func (h *Hosts) isolate(how string, all ...*Host) {
	h.tb.Helper()
	for _, one := range all {
		h.onSwitch("link", "set", one.port, "type", "bridge_slave", "isolated", how)
	}
}

func (h *Hosts) onSwitch(args ...string) {
	h.tb.Helper()
	h.ip(append([]string{"-n", hostSwitch}, args...)...)
}

func (h *Hosts) ip(args ...string) {
	h.tb.Helper()
	if out, err := ip(args...); err != nil {
		h.tb.Fatalf("hosts of their own need network namespaces: run this as root (in a container: privileged), with iproute2 "+
			"(apt-get install iproute2): ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func ip(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hostTimeout) // cleanups call, too
	defer cancel()
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// removeHosts ends what runs in the namespaces and removes them; their interfaces go with them.
func removeHosts(tb testing.TB) {
	tb.Helper()
	list, _ := ip("netns", "list") // without the program, the first thing that is made fails
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, hostPrefix+"-") {
			continue
		}
		endAll(name)
		if out, err := ip("netns", "del", name); err != nil {
			tb.Errorf("remove the network namespace %s: %v: %s", name, err, out)
		}
	}
	_, _ = ip("link", "del", hostHere) // gone with the switch, where there was one
}

func endAll(namespace string) {
	pids, _ := ip("netns", "pids", namespace)
	for _, text := range strings.Fields(pids) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill() // gone meanwhile, if it fails
		}
	}
}

// Command is a program that runs on the host. Killing it kills the program: nothing stands between.
func (h *Host) Command(program string, args ...string) *exec.Cmd {
	if h == nil {
		return exec.Command(program, args...) //nolint:noctx // the test's own program; whoever starts it ends it
	}
	//nolint:noctx // as above
	return exec.Command("ip", append([]string{"netns", "exec", h.namespace, program}, args...)...)
}
