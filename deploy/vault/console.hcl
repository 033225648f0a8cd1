# What people sign accounts in through (holdfast console, holdfast connections authorize), and what holdfast
# connections create|rotate writes with. It reads what it writes: to exchange what the identity provider sends
# back it has to present the connection's client secret, and a sign-in changes one field and leaves the others.
#   vault policy write holdfast-console deploy/vault/console.hcl

path "secret/data/holdfast/+/conn/+/config" {
  capabilities = ["create", "read", "update"]
}

# The version that a write follows where the current one was deleted.
path "secret/metadata/holdfast/+/conn/+/config" {
  capabilities = ["read"]
}

# To tell a token that has ended from a missing policy.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
