// Package console is where people are, with a browser: they sign in at an identity provider as the account that
// a connection is to use, see which connections there are, and test them.
//
// # A sign-in
//
//	/connect/<link>      says what is about to happen, and leads to the provider
//	(the provider)       the person signs in as the account to use
//	/callback            uses the sign-in, exchanges the code, writes the tokens to Vault, publishes the events
//	/signins/<id>        says what came of it, as often as it is looked at
//
// Nothing is kept between the steps but what the browser carries: the provider's state parameter is a sealed
// text that says which connection, for whom, and until when (ten minutes). What protects it:
//
//	sealed      with the console's key, so that nobody else can make or read one
//	bound       to a cookie of the browser that began: another browser's sign-in is refused
//	issuer      of an answer that names one (RFC 9207) is that of the provider that was asked; and a connection
//	            that was given another provider meanwhile is signed in for again
//	person      where people sign in to the console, whoever comes back is still signed in, as who began
//	used once   by a compare-and-set in the bucket hf_signins, on whichever console it comes back; a second
//	            use (a double click, the back button, a replay) only shows what came of the first
//	PKCE        the verifier is derived from the key and the sign-in's id, and stored nowhere
//	asked       a page of ours is between the link and the provider: a link alone connects nothing
//
// # Another account than before
//
// When another account signed in than the connection had, nothing is written: the tokens are dropped, and the
// person chooses between signing in again and going on with the new account, which takes another sign-in (one
// click where the provider knows its people). So no token ever waits anywhere but in Vault.
//
// # What is written
//
// The refresh token goes into the connection's config secret beside what is there (client id and secret), under
// check-and-set; then connection.updated with the new account, where it changed, and connection.secret_rotated.
// The connection keeps its id: whatever refers to it goes on.
package console
