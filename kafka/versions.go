package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// apiVersionsVersion is the version asked for first: the first with the client's name (KIP-511). Later ones add nothing
// that is needed here.
const apiVersionsVersion = 3

// versionRange is what a broker offers of one request, and the highest of it that is used, or -1.
type versionRange struct{ min, max, use int16 }

// versions is what a broker offers, by the request's key.
type versions map[int16]versionRange

// newVersions makes the table of what broker, kmsg and bounds have in common.
func newVersions(offered []kmsg.ApiVersionsResponseApiKey, bounds *kversion.Versions) versions {
	v := make(versions, len(offered))
	for _, k := range offered {
		use := min(k.MaxVersion, ourMax(k.ApiKey, bounds))
		if use < max(k.MinVersion, 0) {
			use = -1
		}
		v[k.ApiKey] = versionRange{k.MinVersion, k.MaxVersion, use}
	}
	return v
}

// max returns the version to use, or -1.
func (v versions) max(key int16) int16 {
	if r, ok := v[key]; ok {
		return r.use
	}
	return -1
}

// ourMax returns the highest version of a request that kmsg and bounds have in common, or -1.
func ourMax(key int16, bounds *kversion.Versions) int16 {
	req := kmsg.RequestForKey(key)
	if req == nil {
		return -1
	}
	if bounds == nil {
		return req.MaxVersion()
	}
	bound, ok := bounds.LookupMaxKeyVersion(key)
	if !ok {
		return -1
	}
	return min(req.MaxVersion(), bound)
}

// askVersions learns what the broker offers. A broker that does not know the version of the question says so in version
// 0 (error UNSUPPORTED_VERSION) and may add what it knows; then version 0 is asked, which all brokers know.
func (c *Conn) askVersions(ctx context.Context, bounds *kversion.Versions) error {
	first := int16(apiVersionsVersion)
	if bounds != nil {
		if bound, ok := bounds.LookupMaxKeyVersion(int16(kmsg.ApiVersions)); ok {
			first = min(first, bound)
		}
	}
	begin := time.Now()
	resp, err := c.apiVersions(ctx, first)
	c.rtt = time.Since(begin)
	if err == nil && resp.ErrorCode == kerr.UnsupportedVersion.Code && first > 0 {
		resp, err = c.apiVersions(ctx, 0)
	}
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return c.fail(fmt.Errorf("ask %s for its versions: %w", c.addr, err))
	}
	if len(resp.ApiKeys) == 0 {
		return c.refuse("an ApiVersions response names no request at all")
	}
	c.versions = newVersions(resp.ApiKeys, bounds)
	return nil
}

// apiVersions asks in the given version. A response in version 0, whatever was asked, is one that says so in its error.
func (c *Conn) apiVersions(ctx context.Context, version int16) (*kmsg.ApiVersionsResponse, error) {
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version = version
	req.ClientSoftwareName = "mirror"
	req.ClientSoftwareVersion = softwareVersion()
	body, err := c.exchange(ctx, req, maxGreeting)
	if err != nil {
		return nil, err
	}
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.Version = version
	if len(body) >= 2 && int16(binary.BigEndian.Uint16(body)) == kerr.UnsupportedVersion.Code {
		resp.Version = 0
		if version > 0 && len(body) < 6 { // brokers before 2.4 need not add what they know
			resp.ErrorCode = kerr.UnsupportedVersion.Code
			return resp, nil
		}
	}
	return resp, c.decode(body, resp)
}

// softwareVersion names this program to brokers, which accept letters, digits, points and dashes only (KIP-511).
func softwareVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && validSoftware(info.Main.Version) {
		return info.Main.Version
	}
	return "devel"
}

func validSoftware(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (r != '.' && r != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return s != ""
}
