package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"mirror/config"
)

// maxTokenBytes bounds what is read from a token file that is something else.
const maxTokenBytes = 4 << 10

// authenticator lets requests in by token or client certificate. With both
// configured either is enough: scripts hold a token, people a certificate.
type authenticator struct {
	tokenFile string // empty: no token
	mutualTLS bool   // a verified client certificate is enough
}

func newAuthenticator(web config.Web) (*authenticator, error) {
	a := &authenticator{tokenFile: web.TokenFile, mutualTLS: web.TLS != nil && web.TLS.ClientCAFile != ""}
	if a.tokenFile != "" {
		if _, err := ReadToken(a.tokenFile); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// required reports whether requests must prove anything at all.
func (a *authenticator) required() bool { return a.tokenFile != "" || a.mutualTLS }

// guard answers 401 to requests that prove nothing, whatever their path, so that
// strangers do not learn which paths exist.
func (a *authenticator) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.required() && !isProbe(r.URL.Path) && !a.accepts(r) {
			w.Header().Add("WWW-Authenticate", `Basic realm="mirror"`)
			w.Header().Add("WWW-Authenticate", `Bearer realm="mirror"`)
			http.Error(w, "a token (Authorization: Bearer, or Basic with the token as password) or a client certificate is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *authenticator) accepts(r *http.Request) bool {
	if a.mutualTLS && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return true
	}
	given := givenToken(r)
	if a.tokenFile == "" || given == "" {
		return false
	}
	// The file is read for each request, so that a rotated token needs no restart.
	// One that cannot be read lets nobody in.
	token, err := ReadToken(a.tokenFile)
	return err == nil && sameToken(given, token.Reveal())
}

// sameToken takes the same time for every wrong token. The digests have one
// length whatever the tokens' lengths are.
func sameToken(given, token string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func givenToken(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// ReadToken reads a token file without the white space around the token. A file
// that is empty or longer than any token is an error, never an open door.
func ReadToken(file string) (config.Secret, error) {
	f, err := os.Open(file)
	if err != nil {
		return config.Secret{}, fmt.Errorf("read token: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTokenBytes+1))
	if err != nil {
		return config.Secret{}, fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" || len(data) > maxTokenBytes {
		return config.Secret{}, fmt.Errorf("read token: %s holds no token: write one line of at most %d bytes to it", file, maxTokenBytes)
	}
	return config.NewSecret(token), nil
}
