package console

import (
	"crypto/rand"
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/rs/zerolog"

	"holdfast/internal/secret"
)

// Options are a console's settings.
type Options struct {
	// URL is scheme and host where browsers reach the console, without a slash at the end.
	URL string
	// Key seals links, sign-ins and sessions; empty: one of this process's own.
	Key secret.Value
	// Tenant of everybody who signs in to the console; empty: TenantClaim says it. UserClaim names the person.
	Tenant, TenantClaim, UserClaim string
	// Shown hears what became of a sign-in each time that a browser is told; may be nil. Who listens ends the
	// console with a success: its page needs it no more.
	Shown func(Ended)
}

// Ports are what a console needs of the world. People and Usage may be nil: then there is no list, or nothing
// is known of use.
type Ports struct {
	Registry    Registry
	Permissions Permissions
	Secrets     Secrets
	Changes     Changes
	SignIns     SignIns
	Provider    Provider
	People      People
	Usage       Usage
	Types       Types
	Clock       Clock
}

// Console serves the pages. Make one with New.
type Console struct {
	Ports

	opts   Options
	seals  sealer
	pages  pages
	log    zerolog.Logger
	secure bool // browsers reach it by https
}

//go:embed static/style.css
var static embed.FS

// New makes a console; nothing is contacted before its first request.
func New(p Ports, o Options, log zerolog.Logger) (*Console, error) {
	if o.Key.Empty() {
		o.Key = secret.New(rand.Text() + rand.Text())
	}
	seals, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	pages, err := readPages()
	if err != nil {
		return nil, err
	}
	return &Console{Ports: p, opts: o, seals: seals, pages: pages, log: log, secure: strings.HasPrefix(o.URL, "https://")}, nil
}

// Handler serves the console's pages.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // embedded: it is there
	}
	mux.Handle("GET /static/", kept(http.StripPrefix("/static/", http.FileServerFS(files))))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /connect/{link}", c.connect)
	mux.HandleFunc("GET /callback", c.callback)
	mux.HandleFunc("GET /signins/{id}", c.result)
	mux.HandleFunc("GET /closed", c.closed)
	if c.People != nil {
		mux.HandleFunc("GET /{$}", c.list)
		mux.HandleFunc("GET /signin", c.signIn)
		mux.HandleFunc("GET /signin/callback", c.signedIn)
		mux.HandleFunc("POST /signout", c.signOut)
		mux.HandleFunc("GET /connections/{id}/authorize", c.authorize)
		mux.HandleFunc("POST /connections/{id}/test", c.test)
	}
	mux.HandleFunc("/", c.notFound)
	return guarded(c.bound(http.NewCrossOriginProtection().Handler(mux)))
}
