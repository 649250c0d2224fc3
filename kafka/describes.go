package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// MayDescribeCluster asks whether we may Describe the cluster. Only then does a
// list of groups hold all of them: otherwise brokers leave out, without saying
// so, those that we may not Describe (KafkaApis, handleListGroupsRequest). The
// error is that of brokers before 2.8, too, which do not know the request (KIP-700).
func MayDescribeCluster(ctx context.Context, broker kmsg.Requestor) (bool, error) {
	req := kmsg.NewPtrDescribeClusterRequest()
	req.IncludeClusterAuthorizedOperations = true
	resp, err := req.RequestWith(ctx, broker)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		return false, err
	}
	return resp.ClusterAuthorizedOperations&(1<<kmsg.ACLOperationDescribe) != 0, nil
}
