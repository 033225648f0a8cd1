package oauth_test

import (
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

// now is the machine's clock: a real provider's ID tokens are of today.
type now struct{}

func (now) Now() time.Time { return time.Now() }

func TestC6_APersonSignsIn(t *testing.T) {
	idp, _, _ := web(t)
	client := oauth.New(oauth.Options{Clock: now{}, Timeout: 5 * time.Second})
	t.Cleanup(client.Close)
	in := oauth.NewSignIn(client, idp.Issuer(), "app", secret.New(canaryClient), redirect)
	signIn := func(nonce, wantNonce string) (map[string]any, error) {
		at, err := in.URL(t.Context(), "state-of-a-browser", secret.New(verifier), nonce)
		if err != nil {
			return nil, err
		}
		code := idp.SignIn(t, at, "ann", "pw").Query().Get("code")
		return in.Finish(t.Context(), secret.New(code), secret.New(verifier), wantNonce)
	}
	idp.Faults(t, map[string]testkit.IDPFault{"discovery": {Mode: "html200"}})
	if _, err := signIn("n-12345678", "n-12345678"); fault.From(err).Reason != fault.ProviderUnavailable {
		t.Errorf("no metadata: %v", err)
	}
	idp.NoFaults(t)
	claims, err := signIn("n-12345678", "n-12345678")
	if err != nil || oauth.Claim(claims, "sub") != "ann" || oauth.Claim(claims, "exp") != "" {
		t.Fatalf("%v, %v", claims, err)
	}
	if _, err := signIn("n-12345678", "n-another"); fault.From(err).Reason != fault.BadCredentials {
		t.Errorf("the ID token of another sign-in: %v", err)
	}
	idp.Faults(t, map[string]testkit.IDPFault{"jwks": {Mode: "status", Body: `{"keys":[]}`, Status: 200}})
	other := oauth.NewSignIn(client, idp.Issuer(), "app", secret.New(canaryClient), redirect)
	in = other
	if _, err := signIn("n-12345678", "n-12345678"); fault.From(err).Reason != fault.BadCredentials {
		t.Errorf("keys that did not sign it: %v", err)
	}
}

func TestClaimsMayBeNested(t *testing.T) {
	claims := map[string]any{"a": map[string]any{"b": "deep"}, "https://x.example/t": "flat"}
	for name, want := range map[string]string{"a.b": "deep", "https://x.example/t": "flat", "a": "", "a.c": "", "z.z": ""} {
		if got := oauth.Claim(claims, name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestC6_AnAddressThatNobodyVerifiedNamesNobody: anybody may write any address into an account.
func TestC6_AnAddressThatNobodyVerifiedNamesNobody(t *testing.T) {
	for _, c := range []struct {
		verified any
		want     string
	}{{nil, "ann@example.com"}, {true, "ann@example.com"}, {"true", "ann@example.com"}, {false, ""}, {"false", ""}} {
		claims := map[string]any{"email": "ann@example.com", "sub": "7"}
		if c.verified != nil {
			claims["email_verified"] = c.verified
		}
		if got := oauth.Claim(claims, "email"); got != c.want || oauth.Claim(claims, "sub") != "7" {
			t.Errorf("verified %v: %q", c.verified, got)
		}
	}
}
