// Package web is the mirror's HTTP server: health, status, metrics and a page
// that links them.
//
// A request passes these steps in this order, each in its own file:
//
//	limit.go    the connection is one of the first 256, its header comes in time
//	headers.go  every answer carries the headers that keep browsers strict
//	host.go     the Host header names this server (DNS rebinding ends here)
//	auth.go     a token or a client certificate (/healthz and /readyz are free)
//	handler.go  no body to speak of, GET or HEAD, an exact path
//
// There is no route that changes anything, and no path that is built from what a
// request says. Server.Run starts one goroutine, which serves, and waits for it.
package web
