package kafka

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/config/logkey"
)

// WithLogger lets franz-go's own messages about a cluster appear at debug level, whatever level it gives them: an error
// is logged once, by whoever owns the request. Secrets of the cluster are redacted.
func WithLogger(l *slog.Logger, c *config.Cluster) kgo.Opt {
	return kgo.WithLogger(&logger{l.With(logkey.Cluster, c.Name), c})
}

type logger struct {
	slog    *slog.Logger
	cluster *config.Cluster
}

// Level implements kgo.Logger. franz-go's debug level has a message for each request and is left out.
func (l *logger) Level() kgo.LogLevel {
	if l.slog.Enabled(context.Background(), slog.LevelDebug) {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelNone
}

// Log implements kgo.Logger.
func (l *logger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	clean := make([]any, 0, len(keyvals)+2)
	for i, v := range keyvals {
		if i%2 == 1 {
			v = redact(fmt.Sprint(v), l.cluster)
		}
		clean = append(clean, v)
	}
	l.slog.Debug(msg, append(clean, logkey.FranzLevel, level.String())...)
}
