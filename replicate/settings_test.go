package replicate

import (
	"maps"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestNewTopicSettings(t *testing.T) {
	config := func(name, value string, source kmsg.ConfigSource, isDefault bool) kmsg.DescribeConfigsResponseResourceConfig {
		c := kmsg.NewDescribeConfigsResponseResourceConfig()
		c.Name, c.Value, c.Source, c.IsDefault = name, &value, source, isDefault
		return c
	}
	secret := config("secret", "", kmsg.ConfigSourceDynamicTopicConfig, false)
	secret.Value = nil
	configs := []kmsg.DescribeConfigsResponseResourceConfig{
		secret,
		config("segment.ms", "1", kmsg.ConfigSourceDynamicTopicConfig, false),
		config("segment.bytes", "2", kmsg.ConfigSourceStaticBrokerConfig, true),
		config("retention.ms", "3", kmsg.ConfigSourceDynamicBrokerConfig, true),
	}
	want := map[string]Setting{"segment.ms": {"1", true}, "retention.ms": {"3", false}}
	for _, version := range []int16{1, 0} {
		for i := range configs {
			if version == 0 { // has no source
				configs[i].Source = -1
			}
		}
		if got := newTopicSettings(version, configs); !got.known || !maps.Equal(got.Configs, want) {
			t.Errorf("v%d: got %+v, want %+v", version, got.Configs, want)
		}
	}
}

// TestReadSettingsStrangeAnswers has a broker that describes a topic it was not asked for.
func TestReadSettingsStrangeAnswers(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	src.fake.ControlKey(int16(kmsg.DescribeConfigs), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
		for _, name := range []string{"other", "orders"} {
			r := kmsg.NewDescribeConfigsResponseResource()
			r.ResourceType, r.ResourceName, r.ErrorCode = kmsg.ConfigResourceTypeTopic, name, kerr.UnknownServerError.Code
			resp.Resources = append(resp.Resources, r)
		}
		return resp, nil, true
	})
	plan, err := PlanRoute(t.Context(), planRoute(t, nil), src.Cluster, dst.Cluster, nil, nil)
	if err != nil || len(plan.Topics) != 1 {
		t.Fatalf("got %+v, %v, want one topic", plan, err)
	}
	mentions(t, "warning", strings.Join(plan.Topics[0].Warnings, " "), "configs are not copied: UNKNOWN_SERVER_ERROR")
}
