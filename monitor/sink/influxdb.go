package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mirror/config"
)

// influxLines is how many points one request carries.
const influxLines = 5000

// influxDB sends the line protocol of InfluxDB 1.x over HTTP.
type influxDB struct {
	sink   config.Sink
	url    string
	own    string // tags that say whose values these are
	client *http.Client
}

func newInfluxDB(c config.Sink, id Identity) *influxDB {
	u := url.URL{Scheme: "http", Host: c.Address, Path: "/write", RawQuery: url.Values{"db": {c.Database}, "precision": {"s"}}.Encode()}
	if c.TLS {
		u.Scheme = "https"
	}
	return &influxDB{sink: c, url: u.String(), own: ",mirror=" + influxTag(id.Mirror) + ",process=" + influxTag(id.Process),
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConns: 1},
			// A redirect would carry the password to who knows where.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
}

func (i *influxDB) close() { i.client.CloseIdleConnections() }

func (i *influxDB) write(ctx context.Context, b batch) (int, error) {
	sent := 0
	for sent < len(b.points) {
		some := b.points[sent:min(sent+influxLines, len(b.points))]
		var body []byte
		for _, p := range some {
			body = i.appendLine(body, b, p)
		}
		if err := i.post(ctx, body); err != nil {
			return sent, err
		}
		sent += len(some)
	}
	return sent, nil
}

func (i *influxDB) appendLine(buf []byte, b batch, p point) []byte {
	buf = append(buf, p.name...)
	buf = append(buf, i.own...)
	for _, l := range p.labels {
		buf = append(buf, ',')
		buf = append(buf, l.Name...)
		buf = append(buf, '=')
		buf = append(buf, influxTag(l.Value)...)
	}
	buf = append(buf, " value="...)
	buf = appendValue(buf, p.value)
	buf = append(buf, ' ')
	buf = strconv.AppendInt(buf, b.at.Unix(), 10)
	return append(buf, '\n')
}

// influxTag escapes a tag's value. The line protocol has no escape for a line's
// end and none for a backslash in the wrong place, so these become % and two hex
// digits, as does % itself. An empty value is not allowed.
func influxTag(text string) string {
	if text == "" {
		return "%"
	}
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == 0x7f || c == '\\' || c == '%':
			fmt.Fprintf(&b, "%%%02x", c)
		case c == ' ' || c == ',' || c == '=':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (i *influxDB) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("write to %s: %w", i.sink, err)
	}
	if i.sink.Username != "" {
		password, err := i.sink.ReadPassword()
		if err != nil {
			return err
		}
		request.SetBasicAuth(i.sink.Username, password.Reveal())
	}
	response, err := i.client.Do(request)
	if err != nil {
		var asked *url.Error
		if errors.As(err, &asked) {
			err = asked.Err // its text repeats the address
		}
		return fmt.Errorf("write to %s: %w", i.sink, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 300))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", i.sink, err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("write to %s: %s: %s", i.sink, response.Status, strings.TrimSpace(string(answer)))
	}
	return nil
}
