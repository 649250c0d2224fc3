package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/kafka"
)

// detect finds out what the brokers want that no flag gives: TLS, and a SASL
// mechanism with what belongs to it.
func (s *side) detect(ctx context.Context, a *asker) error {
	c, err := s.cluster()
	if err != nil {
		return err
	}
	offered, err := offeredMechanisms(ctx, c)
	if err != nil && c.TLS == nil && speaksTLS(ctx, s.brokers) {
		a.say("%s: the brokers use TLS", s.role)
		s.tls = true
		if c, err = s.cluster(); err != nil {
			return err
		}
		offered, err = offeredMechanisms(ctx, c)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && c.TLS != nil: // a broker may say only after the handshake that it wants a certificate
		return withCode(exitUnreachable, fmt.Errorf("%s; see --%s-ca-file, --%s-cert-file and --%s-server-name",
			kafka.Explain(err, c, "connect"), s.role, s.role, s.role))
	case err != nil:
		return clusterError(err, c, "connect")
	case len(offered) > 0:
		return s.askSASL(a, offered)
	}
	return nil
}

// offeredMechanisms asks the first broker that answers which SASL mechanisms it
// offers. There are none where it answers without, or where one is given.
func offeredMechanisms(ctx context.Context, c *config.Cluster) (offered []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, clusterPatience)
	defer cancel()
	anybody := *c
	anybody.SASL = nil
	dialer, err := kafka.NewDialer(&anybody, clientID)
	if err != nil {
		return nil, err
	}
	for _, broker := range c.Brokers {
		var conn *kafka.Conn
		if conn, err = dialer.Dial(ctx, broker); err != nil {
			continue
		}
		if c.SASL == nil {
			_, err = conn.Request(ctx, aboutBrokers())
		}
		conn.Close()
		if err == nil {
			return nil, nil
		}
		if offered, err = askMechanisms(ctx, dialer, broker); err == nil {
			return offered, nil
		}
	}
	return nil, err
}

// aboutBrokers asks for the brokers and no topic. A broker that wants SASL closes
// the connection over it.
func aboutBrokers() kmsg.Request {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{}
	return request
}

// askMechanisms names a mechanism that there is not, and so the broker names those
// that there are.
func askMechanisms(ctx context.Context, dialer *kafka.Dialer, broker string) ([]string, error) {
	conn, err := dialer.Dial(ctx, broker)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	request := kmsg.NewPtrSASLHandshakeRequest()
	request.Mechanism = "none"
	response, err := conn.Request(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := response.(*kmsg.SASLHandshakeResponse)
	if answer.ErrorCode != kerr.UnsupportedSaslMechanism.Code {
		return nil, kerr.ErrorForCode(answer.ErrorCode)
	}
	return answer.SupportedMechanisms, nil
}

// speaksTLS reports whether a broker starts TLS. It believes any certificate,
// since nothing is sent; who connects then looks at it.
func speaksTLS(ctx context.Context, brokers []string) bool {
	ctx, cancel := context.WithTimeout(ctx, clusterPatience)
	defer cancel()
	for _, broker := range brokers {
		host, _, err := net.SplitHostPort(broker)
		if err != nil {
			continue
		}
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host}}
		if conn, err := dialer.DialContext(ctx, "tcp", broker); err == nil {
			conn.Close()
			return true
		}
	}
	return false
}

// askSASL asks for what a cluster wants to know before it answers.
func (s *side) askSASL(a *asker, offered []string) error {
	usable := slices.DeleteFunc(mechanisms(), func(m string) bool { return !slices.Contains(offered, m) })
	if len(usable) == 0 {
		return withCode(exitUsage, fmt.Errorf("the %s cluster offers only %s, and mirror knows %s",
			s.role, strings.Join(offered, ", "), strings.Join(mechanisms(), ", ")))
	}
	if !a.person {
		return usageErrorf("the %s cluster wants SASL (%s): give --%s-sasl, --%s-username and --%s-password-file",
			s.role, strings.Join(usable, ", "), s.role, s.role, s.role)
	}
	a.say("%s: the brokers want SASL: %s", s.role, strings.Join(usable, ", "))
	known := func(mechanism string) error {
		if !slices.Contains(usable, mechanism) {
			return fmt.Errorf("the brokers offer %s", strings.Join(usable, ", "))
		}
		return nil
	}
	if err := a.settle(&s.mechanism, "Mechanism", usable[0], known); err != nil {
		return err
	}
	if s.mechanism == config.OAuthBearer {
		return a.settle(&s.tokenFile, "File with the token", "/run/secrets/"+s.role, existing)
	}
	if err := a.settle(&s.username, "User name", "mirror", func(string) error { return nil }); err != nil {
		return err
	}
	return a.settle(&s.passwordFile, "File with the password", "/run/secrets/"+s.role, existing)
}

// existing says what is wrong with the name of a file that must be there.
func existing(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", path)
	}
	return err
}
