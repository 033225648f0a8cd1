package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/rs/zerolog"

	"holdfast/internal/devproc"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// vaultPrefix keeps the benchmark's secrets apart from anybody's.
const vaultPrefix = "holdfast-bench"

// vault is where the benchmark's secrets are; the worker reads them through its counter.
type vault struct {
	*counter

	address string // past the counter
	token   secret.Value
	key     secret.Value // that unseals it; empty: it is somebody else's
	client  *vaultclient.Client
	stops   []func()
}

func startVault(ctx context.Context, o Options, tell func(string)) (*vault, error) {
	v := &vault{token: o.VaultToken}
	address := o.VaultAddress
	if address == "" {
		p, err := startProgram(ctx, "devvault", tell, "--listen", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		v.stops = append(v.stops, p.Kill)
		var ready struct {
			Address string `json:"address"`
			Token   string `json:"root_token"`
			Key     string `json:"unseal_key"`
		}
		if err := p.Decode(&ready); err != nil {
			v.stop()
			return nil, err
		}
		address, v.token, v.key = ready.Address, secret.New(ready.Token), secret.New(ready.Key)
	}
	if err := v.connect(ctx, address); err != nil {
		v.stop()
		return nil, err
	}
	return v, nil
}

func (v *vault) connect(ctx context.Context, address string) (err error) {
	if v.counter, err = startCounter(ctx, address); err != nil {
		return err
	}
	v.stops = append(v.stops, v.counter.stop)
	v.address = address
	cfg := vaultclient.Default()
	cfg.Address, cfg.Prefix = address, vaultPrefix
	cfg.Auth = vaultclient.AuthConfig{Method: vaultclient.MethodToken, Token: v.token}
	if v.client, err = vaultclient.New(cfg, zerolog.Nop(), nil); err != nil {
		return err
	}
	v.stops = append(v.stops, v.client.Close)
	return v.client.Start(ctx)
}

// put writes a connection's secret, as an administrator does.
func (v *vault) put(ctx context.Context, connection string, fields map[string]string) error {
	values := make(map[string]secret.Value, len(fields))
	for name, text := range fields {
		values[name] = secret.New(text)
	}
	_, err := v.client.PutConfig(ctx, tenant, connection, values)
	return err
}

// seal seals Vault: it answers, and refuses everything.
func (v *vault) seal(ctx context.Context) error { return v.tell(ctx, "seal", nil) }

func (v *vault) unseal(ctx context.Context) error {
	return v.tell(ctx, "unseal", map[string]string{"key": v.key.Reveal()})
}

// tell tells Vault what no client of ours can.
func (v *vault) tell(ctx context.Context, what string, body any) error {
	return send(ctx, http.MethodPut, v.address+"/v1/sys/"+what, body, http.Header{"X-Vault-Token": {v.token.Reveal()}})
}

func (v *vault) stop() {
	for i := len(v.stops) - 1; i >= 0; i-- {
		v.stops[i]()
	}
}

// provider is an OAuth 2.0 provider; the worker asks it for tokens through its counter.
type provider struct {
	*counter

	process *devproc.Process
}

// Credentials of the one client that the provider knows.
const (
	clientID     = "bench"
	clientSecret = "right-secret"
)

func startProvider(ctx context.Context, tell func(string)) (*provider, error) {
	p, err := startProgram(ctx, "devidp", tell, "--listen", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var ready struct {
		Address string `json:"address"`
		Admin   string `json:"admin"`
	}
	if err = p.Decode(&ready); err == nil {
		err = register(ctx, ready.Admin)
	}
	var c *counter
	if err == nil {
		c, err = startCounter(ctx, ready.Address)
	}
	if err != nil {
		p.Kill()
		return nil, err
	}
	return &provider{c, p}, nil
}

// register makes the client known.
func register(ctx context.Context, admin string) error {
	return send(ctx, http.MethodPut, admin+"/clients/"+clientID, map[string]string{"secret": clientSecret}, http.Header{})
}

// send sends JSON to a program of the stand, which has to accept it.
func send(ctx context.Context, method, url string, body any, h http.Header) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	h.Set("Content-Type", "application/json")
	req.Header, req.Close = h, true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode > 299 {
		return fmt.Errorf("%s %s is refused: %s", method, req.URL.Path, resp.Status)
	}
	return nil
}

func (p *provider) stop() {
	p.counter.stop()
	p.process.Kill()
}

// startProgram builds a program of the development stack, which takes minutes the first time, and starts it.
func startProgram(ctx context.Context, module string, tell func(string), args ...string) (*devproc.Process, error) {
	tell("building " + module + " (minutes, the first time)")
	path, err := devproc.Build(ctx, module, io.Discard)
	if err != nil {
		return nil, err
	}
	p, err := devproc.Start(ctx, path, args...)
	return p, err
}
