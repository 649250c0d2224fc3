package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirror/clusters"
	"mirror/config"
	"mirror/monitor"
	"mirror/monitor/history"
)

// Source answers what the server shows. Both methods must answer from memory. A
// status belongs to who asked for it: routes and topics are left out of it and rates
// put into it.
type Source interface {
	Status() monitor.Status
	Ready() (ready bool, reasons []string)
}

// Options say what to serve. Sinks, Version, Losses, History, Clusters and
// Groups may be left out.
type Options struct {
	Web     config.Web
	Source  Source
	Sampler *monitor.Sampler     // what /metrics shows
	Sinks   prometheus.Collector // what the sinks count of themselves; nil: there are none
	Log     *slog.Logger
	Version string                // of the program, for mirror_build_info
	Losses  func() []monitor.Loss // the loss ledger, the newest first; must answer from memory
	History *history.History      // what graphs are drawn from
	Actor   Actor                 // does what the page's buttons ask for; used only with Web.Actions

	Clusters *clusters.Watch // looks at the clusters themselves
	Groups   GroupAsker      // translates the positions of consumer groups
}

const (
	// headerTimeout closes a connection that dribbles its header.
	headerTimeout = 5 * time.Second
	// readTimeout closes one that dribbles a body.
	readTimeout = 10 * time.Second
	// writeTimeout bounds a scrape by a reader that does not read.
	writeTimeout = 30 * time.Second
	idleTimeout  = 30 * time.Second
	// shutdownTimeout is what running requests get when the process ends.
	shutdownTimeout = 2 * time.Second

	maxHeaderBytes = 16 << 10
	maxConnections = 256
)

// Server serves one listen address.
type Server struct {
	listen   string
	log      *slog.Logger
	server   *http.Server
	hub      *hub
	tls      *tls.Config  // nil: plaintext
	listener net.Listener // set by Listen
}

// New checks the configuration and reads the files it names; it neither listens
// nor starts anything. An address that others can reach needs a token or client
// certificates.
func New(o Options) (*Server, error) {
	auth, err := newAuthenticator(o.Web)
	if err != nil {
		return nil, err
	}
	if !auth.required() && !loopbackListen(o.Web.Listen) {
		return nil, fmt.Errorf("web.listen %q can be reached from other machines: set web.token_file or web.tls.client_ca_file, or listen on 127.0.0.1", o.Web.Listen)
	}
	switch {
	case !o.Web.Actions:
		o.Actor = nil
	case !auth.required():
		return nil, errors.New("web.actions needs web.token_file or web.tls.client_ca_file, also on 127.0.0.1")
	}
	s := &Server{listen: o.Web.Listen, log: o.Log}
	if o.Web.TLS != nil {
		if s.tls, err = newTLSConfig(*o.Web.TLS, o.Log); err != nil {
			return nil, err
		}
	}
	s.hub = newHub(o)
	handler, err := newHandler(o, s.hub)
	if err != nil {
		return nil, err
	}
	hosts := newHostList(o.Web)
	s.server = &http.Server{
		Handler:           strictHeaders(hosts.guard(auth.guard(handler))),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Listen binds the address, so that a port which is taken is known before
// anything else starts. It returns the URL to reach the server at.
func (s *Server) Listen() (string, error) {
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return "", fmt.Errorf("listen on web.listen %q: %w", s.listen, err)
	}
	s.listener = limitConnections(listener, maxConnections)
	scheme := "http"
	if s.tls != nil {
		s.listener = tls.NewListener(s.listener, s.tls)
		scheme = "https"
	}
	return scheme + "://" + listener.Addr().String(), nil
}

// Run serves until ctx ends, gives running requests two seconds, and returns nil
// then. Listen must have been called; Run closes what it opened.
func (s *Server) Run(ctx context.Context) error {
	looking, stopLooking := context.WithCancel(ctx)
	var looker sync.WaitGroup
	looker.Go(func() { s.hub.run(looking) })
	defer looker.Wait()
	defer stopLooking()
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", s.listen, err)
	case <-ctx.Done():
	}
	// The context is done already, and the running requests still get their time.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := s.server.Shutdown(closing)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	<-served
	return err
}
