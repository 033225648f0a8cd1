package catalog_test

import (
	"encoding/json"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/endpoints"

	"holdfast/internal/catalog"
	"holdfast/internal/credential"
)

// What the library knows of a provider, and what we say of it, was written down by different people. It knows none
// of the others' (v0.37.0).
func TestC5_EndpointsAreThoseThatTheOAuthLibraryKnows(t *testing.T) {
	all := scripts(t)
	gitlab := all["gitlab"] // the library knows gitlab.com alone
	gitlab.Settings = nil
	all["gitlab"] = gitlab
	organizations := endpoints.AzureAD("organizations")
	google := endpoints.Google
	google.AuthURL = "https://accounts.google.com/o/oauth2/v2/auth" // the path without a version leads to the same page
	for name, want := range map[string]oauth2.Endpoint{
		"github": endpoints.GitHub, "gitlab": endpoints.GitLab, "slack": endpoints.Slack, "dropbox": endpoints.Dropbox,
		"google_workspace": google, "microsoft_graph": endpoints.AzureAD("contoso.onmicrosoft.com"), "dataverse": organizations,
		"sharepoint_list": organizations, "sharepoint_site": organizations, "sharepoint_site_collection": organizations,
		"sharepoint_tenancy": organizations,
	} {
		typ, m := refreshing(t, name)
		c, f := typ.Apply(all[name].as(typ, m))
		if f != nil {
			t.Fatal(f)
		}
		if c.Auth.TokenURL != want.TokenURL || c.Auth.AuthorizeURL != want.AuthURL || c.Auth.DeviceURL != want.DeviceAuthURL {
			t.Errorf("%s: %+v, want %+v", name, c.Auth, want)
		}
	}
}

// refreshing is a built-in type and its method with refresh tokens.
func refreshing(t *testing.T, name string) (*catalog.Type, catalog.Method) {
	t.Helper()
	typ, _ := builtin(t).Lookup(name)
	m, ok := typ.Method(credential.RefreshToken)
	if !ok {
		t.Fatalf("%s has no refresh tokens", name)
	}
	return typ, m
}

// The hosts are those of learn.microsoft.com: graph/deployments, and power-apps/developer/data-platform/discovery-service.
func TestC1_EveryNationalCloudOfMicrosoftCanBeSet(t *testing.T) {
	for _, c := range []struct {
		typ, setting, other, host string
		ok                        bool
	}{
		{"dataverse", "environment_host", "", "contoso.crm9.dynamics.com", true},
		{"dataverse", "environment_host", "", "contoso.crm.microsoftdynamics.us", true},
		{"dataverse", "environment_host", "", "contoso.crm.appsplatform.us", true},
		{"dataverse", "environment_host", "", "contoso.crm.dynamics.cn", true},
		{"dataverse", "environment_host", "", "contoso.crm.example.us", false},
		{"microsoft_graph", "graph_host", "", "graph.microsoft.us", true},
		{"microsoft_graph", "graph_host", "", "dod-graph.microsoft.us", true},
		{"microsoft_graph", "graph_host", "", "dod-graph.microsoft.com", false},
		{"microsoft_graph", "graph_host", "", "microsoftgraph.chinacloudapi.cn", true},
		{"microsoft_graph", "login_host", "", "login.microsoftonline.us", true},
		{"microsoft_graph", "login_host", "", "login.chinacloudapi.cn", true},
		{"sharepoint_tenancy", "login_host", "tenant_name", "login.chinacloudapi.cn", true},
	} {
		typ, m := refreshing(t, c.typ)
		given := map[string]string{c.setting: c.host}
		if c.other != "" {
			given[c.other] = "contoso"
		}
		settings, _ := json.Marshal(given)
		if _, f := typ.Apply(script{Settings: settings}.as(typ, m)); (f == nil) != c.ok {
			t.Errorf("%s with %s %s: %v", c.typ, c.setting, c.host, f)
		}
	}
}
