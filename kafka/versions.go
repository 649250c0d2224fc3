package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime/debug"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// apiVersionsVersion is the version asked for first: the first with the client's name (KIP-511). Later ones add nothing
// that is needed here.
const apiVersionsVersion = 3

// versionRange is what a broker offers of one request.
type versionRange struct{ min, max int16 }

// versions is what a broker offers, and the bounds that were set.
type versions struct {
	broker map[int16]versionRange
	bounds *kversion.Versions // nil: none
}

// max returns the highest version of a request that broker, kmsg and bounds have in common, or -1.
func (v versions) max(key int16) int16 {
	r, ok := v.broker[key]
	req := kmsg.RequestForKey(key)
	if !ok || req == nil {
		return -1
	}
	most := min(r.max, req.MaxVersion())
	if v.bounds != nil {
		bound, ok := v.bounds.LookupMaxKeyVersion(key)
		if !ok {
			return -1
		}
		most = min(most, bound)
	}
	if most < r.min {
		return -1
	}
	return most
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
	resp, err := c.apiVersions(ctx, first)
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
	c.versions = versions{broker: make(map[int16]versionRange, len(resp.ApiKeys)), bounds: bounds}
	for _, k := range resp.ApiKeys {
		c.versions.broker[k.ApiKey] = versionRange{k.MinVersion, k.MaxVersion}
	}
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
