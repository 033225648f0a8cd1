# What people set connections up through: writes credentials, sees when and in which version they were
# written, and can not read them.
#   vault policy write holdfast-console deploy/vault/console.hcl

path "secret/data/holdfast/+/conn/+/config" {
  capabilities = ["create", "update"]
}

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
