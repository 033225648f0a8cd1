# What rotates credentials: writes them without being able to read them.
#   vault policy write holdfast-rotator deploy/vault/rotator.hcl

path "secret/data/holdfast/+/conn/+/config" {
  capabilities = ["create", "update"]
}

# To tell a token that has ended from a missing policy.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
