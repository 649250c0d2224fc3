package check

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	expiryKey = "producer.id.expiration.ms"
	// longestExpiry is the most that Kafka accepts there: a 32-bit number of milliseconds, 24.8 days.
	longestExpiry = 1<<31 - 1
)

// lookAtExpiry compares how long the target remembers idle producers with how old records may be that it gets: brokers
// count from the records' timestamps. Older records are copied exactly once as long as there is one owner at a time.
func (r *routeCheck) lookAtExpiry(ctx context.Context) bool {
	const id = "target.producer-expiry"
	shortest, code, err := r.target.readExpiry(ctx)
	switch {
	case err != nil:
		return r.broken(r.target, err, "read "+expiryKey)
	case code == kerr.ClusterAuthorizationFailed.Code:
		g := r.target.grant("DescribeConfigs", "cluster")
		r.findings.warn(id, fmt.Sprintf("%s is not known, since %s may not DescribeConfigs on the cluster; one hour is assumed, and older records are written one batch at a time", expiryKey, r.target.who()), g.lines()...)
		return true
	case shortest == 0:
		r.findings.skip(id, expiryKey+" is not known: the brokers do not tell it; one hour is assumed")
		return true
	}
	expiry := time.Duration(shortest) * time.Millisecond
	oldest := r.plan.LongestRetention()
	if shortest >= longestExpiry || oldest > 0 && oldest <= expiry {
		r.findings.ok(id, fmt.Sprintf("the target remembers producers for %s", days(expiry)))
		return true
	}
	r.findings.warn(id, fmt.Sprintf("the target forgets producers whose records are older than %s (%s), and topics of %s keep older ones: while such are copied, two processes that both believe to own a partition could repeat a batch, which would be detected and recorded", days(expiry), expiryKey, r.route.From),
		shell([]string{"kafka-configs", "--bootstrap-server", strings.Join(r.target.config.Brokers, ","), "--alter", "--entity-type", "brokers", "--entity-default",
			"--add-config", fmt.Sprintf("%s=%d", expiryKey, longestExpiry)}))
	return true
}

// readExpiry is the shortest value of any broker in milliseconds, 0 when none tells it.
func (c *cluster) readExpiry(ctx context.Context) (shortest int64, code int16, err error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	for _, b := range c.brokers {
		req := kmsg.NewPtrDescribeConfigsRequest()
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.ConfigNames = kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(b.ID)), []string{expiryKey}
		req.Resources = append(req.Resources, r)
		resp, err := c.client.Broker(int(b.ID)).RetriableRequest(ctx, req)
		if err != nil {
			return 0, 0, err
		}
		for _, r := range resp.(*kmsg.DescribeConfigsResponse).Resources {
			if r.ErrorCode != 0 {
				return 0, r.ErrorCode, nil
			}
			for _, config := range r.Configs {
				if config.Name != expiryKey || config.Value == nil {
					continue
				}
				if ms, err := strconv.ParseInt(*config.Value, 10, 64); err == nil && ms > 0 && (shortest == 0 || ms < shortest) {
					shortest = ms
				}
			}
		}
	}
	return shortest, 0, nil
}

// days writes a time in days or hours.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%.4g h", d.Hours())
	}
	return fmt.Sprintf("%.4g days", d.Hours()/24)
}
