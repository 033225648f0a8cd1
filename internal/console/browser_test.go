//go:build browser

package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/events"
	"holdfast/internal/console"
	"holdfast/internal/testkit"
)

// Sizes of the screen, in pixels.
var (
	phone   = [2]int64{390, 844}
	desktop = [2]int64{1200, 900}
)

// lookFor bounds one look at a page, which may be replaced at that moment.
const lookFor = 2 * time.Second

// tab is a page of a real browser.
type tab struct {
	*world

	ctx   context.Context
	shots string
}

// browser starts Chromium with a profile of its own.
func (w *world) browser(size [2]int64) *tab {
	w.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		w.Fatal("chromium is needed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-features", "BackForwardCache"), // a page from there is another target, which is not followed
		chromedp.WindowSize(int(size[0]), int(size[1])))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(ctx)
	w.Cleanup(func() { end(); stop() })
	t := &tab{world: w, ctx: ctx, shots: os.Getenv("HOLDFAST_TEST_ARTIFACTS")}
	if t.shots == "" {
		t.shots = w.TempDir()
	}
	// The first action starts the browser, which lives as long as its context.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1])); err != nil {
		w.Fatalf("start Chromium: %v", err)
	}
	return t
}

func (t *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	look(t, chromedp.Steps(actions...))
}

// look runs an action for what it gives.
func look[T any](t *tab, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patient)
	defer cancel()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	return got
}

// expect waits until the page says all words.
func (t *tab) expect(words ...string) {
	t.Helper()
	testkit.Eventually(t, patient, "the page to say "+strings.Join(words, ", "), func() bool {
		ctx, cancel := context.WithTimeout(t.ctx, lookFor)
		defer cancel()
		text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
		if err != nil {
			return false // it is just being replaced
		}
		text = strings.Join(strings.Fields(text), " ")
		for _, word := range words {
			if !strings.Contains(text, word) {
				return false
			}
		}
		return true
	})
}

func (t *tab) open(address string)   { t.Helper(); t.run(chromedp.Navigate(address)) }
func (t *tab) click(selector string) { t.Helper(); t.run(chromedp.Click(chromedp.CSS(selector))) }

// doubleClick clicks twice; that the page goes away under the second click is what it is about.
func (t *tab) doubleClick(selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, lookFor)
	defer cancel()
	_ = chromedp.Do(ctx, chromedp.DoubleClick(chromedp.CSS(selector)))
}

func (t *tab) href(selector string) string {
	t.Helper()
	return look(t, chromedp.AttributeValue(chromedp.CSS(selector), "href")).Value
}

// account signs in at the provider and presses a button there.
func (t *tab) account(user, button string) {
	t.Helper()
	t.expect("Sign in")
	t.run(chromedp.SetValue(chromedp.CSS(`input[name=username]`), user),
		chromedp.SetValue(chromedp.CSS(`input[name=password]`), password))
	t.click(`button[value=` + button + `]`)
}

// shot keeps what the page looks like, and holds it to the screen's width.
func (t *tab) shot(name string) {
	t.Helper()
	picture := look(t, chromedp.FullScreenshot(100))
	if look(t, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
		t.Errorf("%s is wider than the screen", name)
	}
	if err := os.WriteFile(filepath.Join(t.shots, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestW3_BrowserAuthorizesFromALink(t *testing.T) {
	w := newWorld(t)
	b := w.browser(phone)
	b.open(w.link("crm"))
	b.expect("Connect CRM of sales", "Asked for by ann")
	b.shot("connect-phone")
	b.click("#go")
	b.expect("crm asks for")
	b.shot("provider-phone")
	b.account("svc-crm", "allow")
	b.expect("CRM of sales is connected as svc-crm", "openid offline api")
	b.shot("connected-phone")
	b.click("#close")
	b.expect("You can close this tab")
	w.becomesActiveAs("crm", "svc-crm")
	w.runs("crm")
}

func TestW3_BrowserCancelsAtTheProvider(t *testing.T) {
	w := newWorld(t)
	b := w.browser(desktop)
	b.open(w.link("crm"))
	b.click("#go")
	b.account("svc-crm", "deny")
	b.expect("was not connected", "the sign-in was cancelled", "What to do")
	b.shot("cancelled")
	w.unchanged(t)
	b.click("#retry")
	b.account("svc-crm", "allow")
	b.expect("is connected as svc-crm")
}

// TestW3_BrowserStates: replayed, and in another browser.
func TestW3_BrowserStates(t *testing.T) {
	w := newWorld(t)
	mine, other := w.browser(desktop), w.browser(desktop)
	mine.open(w.link("crm"))
	back := w.idp.SignIn(t, mine.href("#go"), "svc-crm", password).String()
	other.open(back)
	other.expect("begun in another browser", "Nothing was changed")
	other.shot("other-browser")
	w.unchanged(t)
	mine.open(back)
	mine.expect("is connected as svc-crm")
	mine.open(back)
	mine.expect("Nothing was done a second time", "is connected as svc-crm")
	mine.shot("replayed")
	if got := w.idp.Calls(t).Grants["authorization_code"]; got != 1 {
		t.Errorf("%d codes were exchanged", got)
	}
}

// past is a clock that is behind.
type past struct{ console.Clock }

func (p past) Now() time.Time { return p.Clock.Now().Add(-11 * time.Minute) }

func TestW3_BrowserTakesTooLong(t *testing.T) {
	const key = "0123456789012345678901234567890123456789"
	w := newWorld(t, func(w *world) { w.cfg.Console.Key = secretOf(key) })
	ports := w.console.Ports
	ports.Clock = past{ports.Clock}
	early, err := console.New(ports, console.Options{URL: w.console.URL, Key: secretOf(key)}, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	then := httptest.NewServer(early.Handler())
	t.Cleanup(then.Close)
	b := w.browser(desktop)
	b.open(strings.Replace(w.link("crm"), w.console.URL, then.URL, 1))
	b.click("#go") // a sign-in that was begun eleven minutes ago
	b.account("svc-crm", "allow")
	b.expect("took too long", "Nothing was changed")
	b.shot("too-late")
	w.unchanged(t)
}

func TestW6_BrowserAsksAboutAnotherAccount(t *testing.T) {
	w := newWorld(t)
	b := w.browser(phone)
	signIn := func(user string) { b.open(w.link("crm")); b.click("#go"); b.account(user, "allow") }
	signIn("svc-crm")
	b.expect("is connected as svc-crm")
	w.becomesActiveAs("crm", "svc-crm")
	before, _ := w.secret("crm")
	signIn("svc-other")
	b.expect("You signed in as svc-other", "Nothing has been changed")
	b.shot("other-account-phone")
	if now, _ := w.secret("crm"); now != before {
		t.Fatal("the secret was written before anybody agreed")
	}
	b.click("#accept")
	b.account("svc-other", "allow")
	b.expect("is connected as svc-other", "Account before")
	w.becomesActiveAs("crm", "svc-other")
}

func TestW3_BrowserDoubleClicks(t *testing.T) {
	w := newWorld(t)
	b := w.browser(desktop)
	b.open(w.link("crm"))
	b.doubleClick("#go")
	b.expect("Sign in")
	b.run(chromedp.SetValue(chromedp.CSS(`input[name=username]`), "svc-crm"),
		chromedp.SetValue(chromedp.CSS(`input[name=password]`), password))
	b.doubleClick(`button[value=allow]`)
	b.expect("is connected as svc-crm")
	if got := w.idp.Calls(t).Issued["authorization_code"]; got != 1 {
		t.Errorf("%d codes were exchanged", got)
	}
	if version, _ := w.secret("crm"); version != 2 {
		t.Errorf("the secret is at version %d", version)
	}
}

func TestW3_BrowserGoesBack(t *testing.T) {
	w := newWorld(t)
	b := w.browser(desktop)
	b.open(w.link("crm"))
	b.click("#go")
	b.account("svc-crm", "allow")
	b.expect("is connected as svc-crm")
	b.run(chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.expect("Sign in") // at the provider
	b.account("svc-crm", "allow")
	b.expect("Nothing was done a second time", "is connected as svc-crm")
	if version, _ := w.secret("crm"); version != 2 {
		t.Errorf("the secret is at version %d", version)
	}
}

// TestC6_BrowserList signs in to the console, refreshes, tests and authorizes; without a script.
func TestC6_BrowserList(t *testing.T) {
	w := newWorld(t, people)
	w.connection("erp", func(c *events.Connection) { c.Name = "ERP" })
	for name, size := range map[string][2]int64{"phone": phone, "desktop": desktop} {
		b := w.browser(size)
		b.open(w.console.URL)
		b.account("ann", "allow")
		b.expect("Connections", "CRM of sales", "ERP", "Refresh")
		b.click(`#connection-crm a[href$="/authorize"]`)
		b.expect("Connect CRM of sales")
		b.click("#go")
		b.account("svc-crm", "allow")
		b.expect("is connected as svc-crm")
		b.click("#close")
		b.expect("CRM of sales", "svc-crm")
		b.click("#refresh")
		b.click(`#connection-crm form button`)
		b.expect("it authenticates")
		b.shot("list-" + name)
		if n := look(b, chromedp.Evaluate[int](`document.scripts.length`)); n != 0 {
			t.Errorf("%d scripts", n)
		}
	}
	if resp := w.agent().get("/static/style.css"); resp.status != http.StatusOK || !strings.Contains(resp.header.Get("Content-Type"), "css") {
		t.Errorf("the stylesheet: %d", resp.status)
	}
}
