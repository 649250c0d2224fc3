package sink

import (
	"log/slog"
	"strconv"
	"time"

	"mirror/config/logkey"
)

// newOpenTSDB sends the put command of OpenTSDB's telnet interface, which KairosDB
// has as well: metric, Unix time, value and tags.
func newOpenTSDB(address string, id Identity, log *slog.Logger) writer {
	own := " mirror=" + tagValue(id.Mirror) + " process=" + tagValue(id.Process)
	var saidAt time.Time
	return &tcpLines{address: address,
		line: func(buf []byte, b batch, p point) []byte {
			buf = append(buf, "put "...)
			buf = append(buf, p.name...)
			buf = append(buf, ' ')
			buf = strconv.AppendInt(buf, b.at.Unix(), 10)
			buf = append(buf, ' ')
			buf = appendValue(buf, p.value)
			buf = append(buf, own...)
			for _, l := range p.labels {
				buf = append(buf, ' ')
				buf = append(buf, l.Name...)
				buf = append(buf, '=')
				buf = append(buf, tagValue(l.Value)...)
			}
			return append(buf, '\n')
		},
		complain: func(text string) {
			if now := time.Now(); now.Sub(saidAt) > sayAgain {
				saidAt = now
				log.Warn("the server refuses a value", logkey.Address, address, logkey.Answer, text)
			}
		}}
}
