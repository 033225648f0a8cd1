// Package catalog is what Holdfast knows of connection types, as data: one YAML file for each type (types/, built
// in; more from a folder that the operator names), held against schema.json and read once at start.
//
// A type says which settings a connection needs and what they look like, which authentication methods it allows,
// and where the provider is (Check); and it turns a connection into what authenticators and connectors work with
// (Apply): endpoints, scopes and parameters are filled into its auth settings, and its settings become the settings
// document of the type's connector.
//
// # Templates
//
// Addresses, headers, scopes and parameters may hold settings:
//
//	https://{subdomain}.zendesk.com/api/v2   in the host: letters, digits, dots and hyphens, and only what the
//	                                         setting's own pattern allows; a setting without a pattern is refused
//	https://graph.example/{version}/me       in a path: one segment, escaped
//	https://{host}/{+site_path}/_api         in a path: segments with slashes between them; nothing where it is empty
//	/users?id={user}                         in a query: escaped
//	{base_url}                               alone: a whole URL, whose pattern begins with https:// or https?://
//
// Whatever a setting holds, it can not end the part of the address that it stands in.
//
// What a connection names itself (a token URL, parameters) counts where its type leaves it open, and is refused
// where the type has its own: credentials of a type go to that type's provider only.
package catalog
