package history

import (
	"slices"
	"strconv"

	"mirror/monitor"
)

// appendParts adds the readings of the partitions of clusters and of where groups
// stand in them, as appendPartitions does for those that are copied.
func appendParts(readings []Reading, parts []monitor.Part) []Reading {
	readings = slices.Grow(readings, len(parts))
	for i := range parts {
		p := &parts[i]
		at := p.Topic + "/" + strconv.Itoa(int(p.Partition))
		r := Reading{Weight: known(p.RecordsPerSecond) * typicalRecord}
		if p.About == monitor.AboutGroup {
			r.Subject = clusterSubject + p.Cluster + "/" + aPosition + at + "/" + p.Group
			r.Weight += known(p.LagRecords) * typicalRecord / backlogTime
			r.Values = []Value{{"lag_seconds", p.LagSeconds}, {"lag_records", p.LagRecords}, {"records_per_second", p.RecordsPerSecond}}
		} else {
			r.Subject = clusterSubject + p.Cluster + "/" + aPartition + at
			r.Values = []Value{{"records_per_second", p.RecordsPerSecond}, {"bytes", p.Bytes}, {"log_records", p.LogRecords}, {"out_of_sync", p.OutOfSync}}
		}
		readings = append(readings, r)
	}
	return readings
}
