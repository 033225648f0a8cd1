# What a Holdfast worker may do in Vault. Give its AppRole (or other) role token_no_default_policy=true:
#   vault policy write holdfast-worker deploy/vault/worker.hcl
# For one tenant only, put the tenant's id in the place of the first "+".

# Credentials and settings of connections: read, never written, never listed.
path "secret/data/holdfast/+/conn/+/config" {
  capabilities = ["read"]
}

# Version numbers of broken connections' secrets, to notice that one was rotated.
path "secret/metadata/holdfast/+/conn/+/config" {
  capabilities = ["read"]
}

# Rotating tokens, which workers own. Every write names the version that it expects (cas). "update" is for
# writing after somebody deleted the secret: Vault does not take that for a creation.
path "secret/data/holdfast/+/conn/+/token" {
  capabilities = ["create", "read", "update", "patch"]
}

# The version to expect after a deletion.
path "secret/metadata/holdfast/+/conn/+/token" {
  capabilities = ["read"]
}

# To tell a token that has ended from a missing policy.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
