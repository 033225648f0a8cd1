package secretscan

import (
	"strings"
	"unicode/utf8"
)

// Names are compared in lower case and without separators, so client_secret, clientSecret and Client-Secret
// are one.
var secretNames = map[string]bool{
	"password": true, "passwd": true, "passphrase": true, "passcode": true, "pwd": true,
	"secret": true, "secrets": true, "secretkey": true, "secretvalue": true, "secretid": true, "sharedsecret": true,
	"clientsecret": true, "clientassertion": true, "assertion": true,
	"token": true, "tokens": true, "accesstoken": true, "refreshtoken": true, "idtoken": true, "authtoken": true,
	"bearertoken": true, "sessiontoken": true, "securitytoken": true, "vaulttoken": true, "bearer": true,
	"apikey": true, "apitoken": true, "apisecret": true, "appsecret": true, "accesskey": true,
	"secretaccesskey": true, "awssecretaccesskey": true, "privatekey": true, "signingkey": true,
	"encryptionkey": true, "credential": true, "credentials": true, "authorization": true,
	"proxyauthorization": true, "cookie": true, "setcookie": true, "sessionid": true,
}

// secretEndings catch what stands in front: db_password, vault_token, my-client-secret.
var secretEndings = []string{"password", "passwd", "passphrase", "clientsecret", "accesstoken", "refreshtoken", "vaulttoken",
	"authtoken", "apikey", "apitoken", "privatekey", "secretkey"}

// NamesSecret tells whether a member of this name would hold a secret.
func NamesSecret(name string) bool {
	if len(name) > maxName {
		return false
	}
	var room [maxName]byte // every member of every event comes through here: no allocation
	return plainSecret(plainIn(room[:0], name))
}

// plainIn is plainName in memory that is there already, for a name of maxName at most.
func plainIn(room []byte, name string) []byte {
	if plain, ascii := appendPlain(room, name); ascii {
		return plain
	}
	return append(room, plainName(name)...)
}

func plainSecret(plain []byte) bool {
	if secretNames[string(plain)] {
		return true
	}
	for _, ending := range secretEndings {
		if len(plain) >= len(ending) && string(plain[len(plain)-len(ending):]) == ending {
			return true
		}
	}
	return false
}

// appendPlain is plainName for ASCII; false where there is anything else.
func appendPlain(plain []byte, name string) (_ []byte, ascii bool) {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= utf8.RuneSelf:
			return plain, false
		case c == '_', c == '-', c == '.', c == ' ':
		case c >= 'A' && c <= 'Z':
			plain = append(plain, c|0x20)
		default:
			plain = append(plain, c)
		}
	}
	return plain, true
}

const maxName = 256

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

func plainName(name string) string { return strings.ToLower(separators.Replace(name)) }

// Headers that authenticate: an action may not bring its own.
var secretHeaders = map[string]bool{
	"authorization": true, "proxyauthorization": true, "cookie": true, "setcookie": true, "xapikey": true,
	"apikey": true, "xauthtoken": true, "xaccesstoken": true, "xauthkey": true, "xvaulttoken": true,
	"xamzsecuritytoken": true, "xgitlabtoken": true, "ocpapimsubscriptionkey": true, "authentication": true,
	"xauthorization": true, "privatetoken": true,
}

func authenticates(header string) bool {
	return secretHeaders[plainName(header)] || NamesSecret(header)
}
