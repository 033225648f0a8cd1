package leaktest

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"holdfast/internal/natsd"
	"holdfast/internal/testkit"
)

const planted = `pl/nted+c=nary&"with\everything"<é>`

func TestC2_TheSearchFindsEveryFormOfACanary(t *testing.T) {
	c := newCanaries()
	c.add("it", planted)
	quoted, _ := json.Marshal(map[string]string{"a": planted})
	twice, _ := json.Marshal(map[string]string{"a": string(quoted)})
	for form, text := range map[string]string{
		"plain": "x" + planted + "y", "JSON": string(quoted), "JSON in JSON": string(twice),
		"query": url.Values{"a": {planted}}.Encode(), "path": "/" + url.PathEscape(planted),
		"hex": hex.EncodeToString([]byte("--" + planted + "--")),
	} {
		if len(search(c, evidence{"p": []byte(text)})) == 0 {
			t.Errorf("not found as %s: %s", form, text)
		}
	}
	for before := range 5 {
		around := []byte("......"[:before] + planted + "tail")
		for name, enc := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.RawURLEncoding} {
			if len(search(c, evidence{"p": []byte(enc.EncodeToString(around))})) == 0 {
				t.Errorf("not found in base64 (%s) after %d bytes", name, before)
			}
		}
	}
	if got := search(c, evidence{"p": []byte("nothing of the kind")}); len(got) != 0 {
		t.Errorf("found %v in nothing", got)
	}
}

func TestC2_TheSearchLooksEverywhere(t *testing.T) {
	c := newCanaries()
	c.add("it", planted)
	e := evidence{}
	plantOnTheBus(t, e)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "worker.log"), []byte(`{"detail":"`+planted+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	e.file(t, "log", filepath.Join(dir, "worker.log"))
	plantInAProcess(t, e)
	plantInATrace(t, e)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# HELP x " + planted))
	}))
	defer server.Close()
	e.page(t, "metrics", server.URL)
	e.command(t, []string{"IT=" + planted}, "", "/bin/sh", "-c", `printf '%s' "$IT"; printf '%s' "$IT" >&2`)

	found := search(c, e)
	for _, place := range []string{
		"stream DATA", "stream HEADERS", "stream KV_BUCKET", "stream SUBJECTS", "bus files", "log", "cmdline", "environ",
		"traces", "metrics", "CLI stdout", "CLI stderr",
	} {
		if !slices.ContainsFunc(found, func(f finding) bool { return f.place == place }) {
			t.Errorf("not found in %s", place)
		}
	}
	if len(e) != 12 {
		t.Errorf("%d places: one of them is not looked for here", len(e))
	}
}

func plantOnTheBus(t *testing.T, e evidence) {
	t.Helper()
	dir := t.TempDir()
	n := testkit.StartNATS(t, func(o *natsd.Options) { o.StoreDir = dir })
	nc, err := nats.Connect(n.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"DATA", "HEADERS", "SUBJECTS"} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}}); err != nil {
			t.Fatal(err)
		}
	}
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "BUCKET"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kv.PutString(t.Context(), "k", base64.StdEncoding.EncodeToString([]byte(planted)))
	send(t, js, err, &nats.Msg{Subject: "DATA.x", Data: []byte("..." + planted)})
	send(t, js, nil, &nats.Msg{Subject: "HEADERS.x", Header: nats.Header{"A": {hex.EncodeToString([]byte(planted))}}})
	send(t, js, nil, &nats.Msg{Subject: "SUBJECTS." + hex.EncodeToString([]byte(planted))})
	e.streams(t, js)
	n.Shutdown() // what it still has in memory is on disk then
	e.files(t, "bus files", dir)
}

func send(t *testing.T, js jetstream.JetStream, err error, m *nats.Msg) {
	t.Helper()
	if err == nil {
		_, err = js.PublishMsg(t.Context(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func plantInAProcess(t *testing.T, e evidence) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "echo up; read -r it # "+planted)
	cmd.Env = []string{"IT=" + planted}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil { // before, it has no command line yet
		t.Fatal(err)
	}
	e.process(t, cmd.Process.Pid)
	_ = stdin.Close()
	_ = cmd.Wait() // reads nothing, which is an error to the shell
}

func plantInATrace(t *testing.T, e evidence) {
	t.Helper()
	c := testkit.StartCollector(t)
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(c.URL+"/v1/traces"))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	_, span := provider.Tracer("test").Start(t.Context(), "x")
	span.SetAttributes(attribute.String("a", planted))
	span.End()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e.traces(c) == 0 {
		t.Error("nothing was collected")
	}
}
