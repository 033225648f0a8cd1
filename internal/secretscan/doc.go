// Package secretscan finds what looks like a secret in an event, where only a reference belongs. What it
// finds is refused and never repeated: it says where, not what.
//
// Two questions are asked of it.
//
// InEvent looks at an event that was read. Its rule:
//
//   - Everywhere, a string may not look like a secret: a PEM private key, a Vault, GitHub, GitLab, Slack,
//     Stripe or AWS token, a JWT, "Bearer …" or "Basic …" credentials, a URL with a password in it.
//   - Everywhere, a member named like a secret (password, client_secret, token, api_key, authorization, …)
//     may not hold a string or a number, nor may a URL's query have it. References are fine: token_url,
//     secret_version, secret_path. Headers in a connection's settings may not be ones that authenticate.
//   - action.requested carries a workflow's own data in action.input. In its url, path, query and headers the
//     first rule holds, and headers that authenticate (Authorization, Cookie, X-Api-Key, …) are refused
//     altogether: the connection is what authenticates. Elsewhere in the input, the body above all, words
//     like "password" are a customer's business (a step may create an account): only private keys and Vault
//     tokens are refused there.
//
// Found looks at raw bytes, also of what is no JSON at all, and decides whether they may be kept in a dead
// letter. Where it can read an event of a known type, it asks InEvent; else it would rather say yes once too
// often.
package secretscan
