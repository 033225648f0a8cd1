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

	token  secret.Value
	client *vaultclient.Client
	stops  []func()
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
		}
		if err := p.Decode(&ready); err != nil {
			v.stop()
			return nil, err
		}
		address, v.token = ready.Address, secret.New(ready.Token)
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
	body, err := json.Marshal(map[string]string{"secret": clientSecret})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, admin+"/clients/"+clientID, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode > 299 {
		return fmt.Errorf("the provider refused the client: %s", resp.Status)
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
