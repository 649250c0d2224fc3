package config

// SASL mechanisms.
const (
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
	OAuthBearer = "OAUTHBEARER"
)

// SASL authenticates the connections to a cluster. PLAIN and SCRAM use a user
// name and password; OAUTHBEARER a token from TokenFile, or one fetched from
// TokenURL with client credentials (RFC 6749, 4.4).
type SASL struct {
	Mechanism        string
	Username         string
	Password         Secret // or PasswordFile
	PasswordFile     string
	TokenFile        string // or TokenURL
	TokenURL         string
	ClientID         string
	ClientSecret     Secret // or ClientSecretFile
	ClientSecretFile string
	Scopes           []string
}

// ReadPassword returns the password as it is now.
func (s *SASL) ReadPassword() (Secret, error) {
	return readSecret("password", s.Password, s.PasswordFile)
}

// ReadClientSecret returns the client secret as it is now.
func (s *SASL) ReadClientSecret() (Secret, error) {
	return readSecret("client_secret", s.ClientSecret, s.ClientSecretFile)
}

// ReadToken returns the token that is in TokenFile now.
func (s *SASL) ReadToken() (Secret, error) {
	return readSecret("token", Secret{}, s.TokenFile)
}
