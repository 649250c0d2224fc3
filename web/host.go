package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"mirror/config"
)

// hostList knows the names of this server. A page of another origin can make a
// browser send requests here under its own name (DNS rebinding); it cannot make
// the browser send one of ours.
type hostList struct {
	names map[string]bool // lower case, without port
}

func newHostList(web config.Web) *hostList {
	list := &hostList{names: make(map[string]bool)}
	for _, host := range append([]string{web.Listen}, web.Hosts...) {
		if name := hostName(host); name != "" {
			list.names[name] = true
		}
	}
	return list
}

// guard refuses requests under a foreign name. The probes go through, since a
// load balancer asks under any name; handleReady keeps the reasons from them.
func (l *hostList) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.allowed(r) && !isProbe(r.URL.Path) {
			http.Error(w, "this server does not answer under that name: add it to web.hosts", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowed accepts the configured names, the address that the connection came to,
// and on loopback the names of loopback. The port does not matter: a tunnel
// changes it.
func (l *hostList) allowed(r *http.Request) bool {
	name := hostName(r.Host)
	if l.names[name] {
		return true
	}
	local, ok := localAddr(r)
	if !ok {
		return false
	}
	if local.IsLoopback() && name == "localhost" {
		return true
	}
	asked, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	asked = asked.Unmap()
	return asked == local || (asked.IsLoopback() && local.IsLoopback())
}

// localAddr returns the address of this machine that the request came to.
func localAddr(r *http.Request) (netip.Addr, bool) {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	local := addr.AddrPort().Addr().Unmap()
	return local, local.IsValid()
}

// hostName cuts port, brackets and the root's dot off and lowers the case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// loopbackListen reports whether only this machine can reach the address.
func loopbackListen(listen string) bool {
	name := hostName(listen)
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback()
}
