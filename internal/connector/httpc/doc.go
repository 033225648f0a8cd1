// Package httpc is the connector "http": one HTTP request against a connection's base URL.
//
// What it promises, and where:
//
//	path.go      a path cannot leave the base URL, however it is spelled
//	headers.go   an input cannot set credentials, framing or the idempotency key
//	address.go   loopback, link-local and metadata addresses are refused at dial time, after DNS
//	redirect.go  redirects stay at the connection's own origin and below its base path
//	status.go    what each status means, in one table
//	failures.go  which bodies mean bad credentials, and headers that go with every request
//	response.go  the answer is bounded, and the credential is masked in it
//	network.go   "nothing was written" is claimed only where it is proven
//
// Settings document:
//
//	base_url               http or https URL that every path is below; required
//	test_path              path, perhaps with a query, that GET answers 2xx to if the credential works
//	response_headers       names of more response headers to return
//	max_response_bytes     bound of the response body, 65536 if not set, 262144 at most
//	auth_failure_statuses  statuses that mean "bad credentials" at this target, such as [403]
//	headers                object of strings: sent with every request, where the input sets none of that name
//	auth_failures          more ways to say "bad credentials": [{"status": 200, "body": "regular expression"}]; the
//	                       expression (RE2) is matched with what was read of the body, 4096 bytes at least
//
// Input document of the operation "request":
//
//	method        GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS; required
//	path          escaped path below base_url, beginning with a slash; may be empty
//	query         object of strings or arrays of strings
//	headers       object of strings
//	body          any JSON, or
//	body_text     text
//	content_type  application/json for body, text/plain; charset=utf-8 for body_text, if not set
//
// Response document:
//
//	status        the HTTP status code
//	headers       object of strings; repeated headers are joined by ", "
//	body          the body, if it is JSON, or
//	body_text     the body as text
//	body_omitted  why there is neither: binary, encoded, secret_too_short
//	truncated     the body was longer than the bound
//	bytes         how many bytes of the body were read
package httpc
