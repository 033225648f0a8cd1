//go:build compose

package deploy_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"holdfast/internal/devproc"
)

// buildImages builds what docker-compose.yml names: the worker's image from the Dockerfile as it is, the rest as
// stand-ins from the same programs under the same names, Go's own image included. It refuses to replace images
// that are there: they may be the real ones.
func buildImages(t *testing.T) []string {
	t.Helper()
	nats, vault := composeImage(t, "nats"), composeImage(t, "vault")
	golang := "golang:" + fileMatch(t, "Dockerfile", `ARG GO_VERSION=(\S+)`)
	images := []string{golang, nats, vault, "holdfast-target:standin", "holdfast:local"}
	for _, image := range images[:3] {
		if labels, err := command(t.Context(), "", "docker", "image", "inspect", "-f", "{{.Config.Labels}}", image); err == nil &&
			!strings.Contains(labels, "holdfast.standin:yes") {
			t.Fatalf("%s is there already, and may be the real image: docker rmi %s", image, image)
		}
	}
	if want := fileMatch(t, "go.mod", `nats-server/v2 v(\S+)`); !strings.HasPrefix(nats, "nats:"+want) {
		t.Errorf("docker-compose.yml names %s, go.mod nats-server %s", nats, want)
	}

	began := time.Now()
	dir := t.TempDir()
	importGo(t, filepath.Join(dir, "golang"), golang)
	t.Logf("Go's image after %s", time.Since(began).Round(time.Second))
	build(t, "--network", "host", "--build-arg", "VERSION=proof", "-t", "holdfast:local", root(t))
	t.Logf("holdfast's image after %s", time.Since(began).Round(time.Second))
	programs(t, filepath.Join(dir, "context"))
	for target, image := range map[string]string{"nats": nats, "vault": vault, "target": "holdfast-target:standin"} {
		build(t, "--target", target, "--label", standIn, "-t", image, "-f", root(t)+"/deploy/standin/Dockerfile",
			filepath.Join(dir, "context"))
	}
	t.Logf("all images after %s", time.Since(began).Round(time.Second))
	return images
}

// standIn marks images of ours.
const standIn = "holdfast.standin=yes"

func build(t *testing.T, args ...string) {
	t.Helper()
	execute(t, "docker", append([]string{"build", "-q"}, args...)...)
}

// execute runs what may take long.
func execute(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func composeImage(t *testing.T, service string) string {
	t.Helper()
	var file struct {
		Services map[string]struct {
			Image string `yaml:"image"`
		} `yaml:"services"`
	}
	raw, err := os.ReadFile(filepath.Join(root(t), "docker-compose.yml"))
	if err == nil {
		err = yaml.Unmarshal(raw, &file)
	}
	if err != nil || file.Services[service].Image == "" {
		t.Fatalf("docker-compose.yml: no image for %s (%v)", service, err)
	}
	return file.Services[service].Image
}

func fileMatch(t *testing.T, name, pattern string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(pattern).FindSubmatch(raw)
	if m == nil {
		t.Fatalf("%s holds no %s", name, pattern)
	}
	return string(m[1])
}

// programs fills the context of deploy/standin/Dockerfile.
func programs(t *testing.T, dir string) {
	t.Helper()
	mkdir(t, dir)
	execute(t, "go", "build", "-trimpath", "-o", dir+"/", "./deploy/standin/target", "github.com/nats-io/nats-server/v2")
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	vault, err := devproc.Build(ctx, "devvault", nil)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, "cp", "-L", vault, filepath.Join(dir, "devvault"))
	mkdir(t, dir+"/root/tmp")
	withLibraries(t, filepath.Join(dir, "root"), vault)
}

// importGo makes a stand-in for Go's image: this machine's Go, a shell, and the few programs that the Dockerfile
// runs. HOLDFAST_STANDIN_GOCACHE names a build cache for it, of make build: without one, all is compiled anew.
func importGo(t *testing.T, dir, image string) {
	t.Helper()
	mkdir(t, filepath.Join(dir, "tmp"))
	mkdir(t, filepath.Join(dir, "bin"))
	mkdir(t, dir+"/etc/ssl/certs")
	for _, name := range []string{"sh", "mkdir"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		execute(t, "cp", "-L", path, filepath.Join(dir, "bin", name))
		withLibraries(t, dir, path)
	}
	execute(t, "cp", "-L", "/etc/ssl/certs/ca-certificates.crt", dir+"/etc/ssl/certs")
	goroot := strings.TrimSpace(output(t, "go", "env", "GOROOT"))
	proxy := strings.TrimSpace(output(t, "go", "env", "GOPROXY"))
	mkdir(t, dir+"/usr/local/go")
	for _, part := range []string{"bin", "go.env", "pkg", "src", "VERSION"} {
		execute(t, "cp", "-rL", filepath.Join(goroot, part), dir+"/usr/local/go")
	}
	cache := dir + "/go/build"
	mkdir(t, cache)
	if built := os.Getenv("HOLDFAST_STANDIN_GOCACHE"); built != "" {
		execute(t, "cp", "-r", built+"/.", cache)
	}
	execute(t, "sh", "-c", "tar -C '"+dir+"' -c . | docker import -c 'LABEL "+standIn+"' -c 'ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOCACHE=/go/build GOTOOLCHAIN=local GOPROXY="+proxy+"' - "+image)
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := command(t.Context(), "", name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

var library = regexp.MustCompile(`(/\S+) \(0x`)

// withLibraries copies the shared libraries that a program needs to their places below dir; none for a static one.
func withLibraries(t *testing.T, dir, program string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Fatal("stand-ins are made of this machine's programs: Linux only")
	}
	out, _ := command(t.Context(), "", "ldd", program) // it fails for a static program
	for _, m := range library.FindAllStringSubmatch(out, -1) {
		to := filepath.Join(dir, m[1])
		mkdir(t, filepath.Dir(to))
		execute(t, "cp", "-L", m[1], to)
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}
