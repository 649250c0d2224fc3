package main

import (
	"context"
	"fmt"
	"io"

	"mirror/offsets"
	"mirror/verify"
)

// whole says whether all of a route is compared: only then the result tells
// something about the route.
func (o verifyOptions) whole() bool {
	return o.backfill == "" && len(o.topics) == 0 && o.from == "" && o.to == "" && o.sample == ""
}

// record leaves the result of a comparison of a whole route in its checkpoint
// topic, for the status, the page and the metrics. A verify that may not write there
// is as good as one that may, so the error is only told.
func (o verifyOptions) record(ctx context.Context, l *ledger, report *verify.Report, errOut io.Writer) {
	if o.noRecord || !o.whole() {
		return
	}
	if len(l.lanes) == 0 {
		fmt.Fprintln(errOut, "the result is not on record: the route has no checkpoint topic, it has never run")
		return
	}
	result := offsets.Verify{Time: report.Started, Seconds: report.Seconds, Records: report.Records, Differences: report.Total(),
		Lost: report.KnownLost, Unread: len(report.Errors()), By: operator()}
	if err := l.write(ctx, offsets.Entry{Key: offsets.Key{Kind: offsets.KindVerify}, Value: result}); err != nil {
		fmt.Fprintf(errOut, "the result is not on record (--no-record does not try): %v\n", err)
	}
}
