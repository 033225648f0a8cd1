package credential

// Field is one field of a connection's secret in Vault, as whoever sets the connection up gives it.
type Field struct {
	// Name is the field's name in Vault, Title what people call it.
	Name, Title string
	// Optional fields may be left out.
	Optional bool
	// Public fields may be seen while they are typed: names and ids.
	Public bool
	// Text is longer than a person types (PEM, JSON): it comes from a file, not from a prompt.
	Text bool
}

// Fields are those that the method's secret has, in the order in which people are asked for them; nil where
// there is no secret. A connection that names its client id itself needs none in the secret; a refresh token
// comes from signing in, and may be missing until then.
func (m Method) Fields() []Field {
	client := Field{Name: "client_id", Title: "client id", Optional: true, Public: true}
	secret := Field{Name: "client_secret", Title: "client secret"}
	more := Field{Name: "client_secrets", Title: "further client secrets (a JSON list)", Optional: true, Text: true}
	switch m {
	case Basic:
		return []Field{{Name: "username", Title: "user name", Public: true}, {Name: "password", Title: "password"}}
	case APIKey:
		return []Field{{Name: "api_key", Title: "API key"}}
	case Bearer:
		return []Field{{Name: "token", Title: "token"}}
	case ClientCredentials:
		return []Field{client, secret, more}
	case RefreshToken:
		secret.Optional = true // public clients have none
		return []Field{client, secret, {Name: "refresh_token", Title: "refresh token", Optional: true}, more}
	case JWTBearer:
		return []Field{client, {Name: "private_key", Title: "private key (PEM)", Text: true},
			{Name: "key_id", Title: "key id", Optional: true, Public: true}}
	default:
		return nil
	}
}
