package natsd_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/natsd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneServerOnAFolder(t *testing.T) {
	dir := t.TempDir()
	first, err := natsd.Start(natsd.Options{StoreDir: dir, SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Shutdown()
	if _, err := natsd.Start(natsd.Options{StoreDir: dir}); !errors.Is(err, natsd.ErrStoreInUse) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("the second on one folder: %v", err)
	}
	first.Shutdown()
	first.Shutdown()
	second, err := natsd.Start(natsd.Options{StoreDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	second.Shutdown()
}

func TestListensWhereItSays(t *testing.T) {
	s, err := natsd.Start(natsd.Options{StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.ClientURL(), "nats://"))
	if err != nil || s.Port() == 0 || s.Version() == "" {
		t.Fatal(err)
	}
	_ = c.Close() // it was there
}

func TestMistakesAreTold(t *testing.T) {
	if _, err := natsd.Start(natsd.Options{StoreDir: t.TempDir(), ConfigFile: "/does/not/exist"}); err == nil {
		t.Fatal("a missing configuration")
	}
	if _, err := natsd.Start(natsd.Options{StoreDir: "/dev/null/store"}); err == nil {
		t.Fatal("a store that can not be")
	}
}
