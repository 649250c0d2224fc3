package brokers

import "fmt"

// defaultProperties make brokers that start fast, use little memory and clean without long waits. Nothing here changes what a
// broker accepts. Sessions are left at their defaults, and controllers get more time to answer than usual: on a busy machine
// shorter ones make nodes fence each other in turn.
func defaultProperties(nodes int) map[string]string {
	replicas, inSync := "1", "1"
	if nodes >= 3 {
		replicas, inSync = "3", "2"
	}
	return map[string]string{
		"process.roles":                                    "broker,controller",
		"auto.create.topics.enable":                        "false",
		"default.replication.factor":                       replicas,
		"offsets.topic.replication.factor":                 replicas,
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    inSync,
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            inSync,
		"offsets.topic.num.partitions":                     "3",
		"transaction.state.log.num.partitions":             "3",
		"share.coordinator.state.topic.num.partitions":     "3",
		"group.initial.rebalance.delay.ms":                 "0",
		"num.network.threads":                              "2",
		"num.io.threads":                                   "4",
		"log.cleaner.threads":                              "1",
		"log.cleaner.backoff.ms":                           "200",
		"log.cleaner.dedupe.buffer.size":                   fmt.Sprint(4 << 20),
		"log.initial.task.delay.ms":                        "500",
		"log.retention.check.interval.ms":                  "1000",
		"controller.quorum.fetch.timeout.ms":               "4000",
		"queued.max.requests":                              "100",
		"socket.request.max.bytes":                         fmt.Sprint(110 << 20),
	}
}
