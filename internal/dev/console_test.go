package dev_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestW3_TheStackHasAConsole, whose people sign in at the stack's provider.
func TestW3_TheStackHasAConsole(t *testing.T) {
	s := start(t, options(t))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Places.Console, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Request.URL.String(), s.Places.Provider) ||
		!strings.Contains(string(page), "demo-console") {
		t.Errorf("%s: %d %s, %v", resp.Request.URL, resp.StatusCode, page, err)
	}
}
