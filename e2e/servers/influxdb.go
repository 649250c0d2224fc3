package servers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// InfluxDB is an influxd 1.x.
type InfluxDB struct {
	server
	Address  string // HTTP
	OpenTSDB string // telnet put; values go into the database opentsdb

	user, password string // empty: no authentication
}

// StartInfluxDB starts influxd. With a user it asks for authentication, and the
// user exists.
func StartInfluxDB(dir, user, password string) (*InfluxDB, error) {
	influxd, err := find("influxd", "influxdb")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	i := &InfluxDB{Address: address(ports[0]), OpenTSDB: address(ports[1]), user: user, password: password,
		server: server{dir: dir, port: ports[0], args: []string{influxd, "-config", filepath.Join(dir, "influxdb.conf")},
			env: []string{"HOME=" + dir}}}
	for _, sub := range []string{"meta", "data", "wal"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if err := i.write("influxdb.conf", `reporting-disabled = true
bind-address = "127.0.0.1:%[4]d"
[meta]
  dir = "%[1]s/meta"
[data]
  dir = "%[1]s/data"
  wal-dir = "%[1]s/wal"
[http]
  bind-address = "127.0.0.1:%[2]d"
  auth-enabled = %[5]t
  log-enabled = false
[[opentsdb]]
  enabled = true
  bind-address = "127.0.0.1:%[3]d"
  database = "opentsdb"
  log-point-errors = true
`, dir, ports[0], ports[1], ports[2], user != ""); err != nil {
		return nil, err
	}
	if err := i.start(); err != nil {
		return nil, err
	}
	if user != "" {
		if _, err := i.Query("", fmt.Sprintf("CREATE USER %q WITH PASSWORD '%s' WITH ALL PRIVILEGES", user, password)); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// InfluxSeries is one series of an answer.
type InfluxSeries struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Columns []string          `json:"columns"`
	Values  [][]any           `json:"values"`
}

// Query runs a statement of InfluxQL.
func (i *InfluxDB) Query(database, statement string) ([]InfluxSeries, error) {
	form := url.Values{"db": {database}, "q": {statement}}
	request, err := http.NewRequest(http.MethodPost, "http://"+i.Address+"/query?"+form.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if i.user != "" {
		request.SetBasicAuth(i.user, i.password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() // nothing is left to read or to lose
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Error   string `json:"error"`
		Results []struct {
			Error  string         `json:"error"`
			Series []InfluxSeries `json:"series"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("influxd answered %q: %w", text, err)
	}
	if answer.Error != "" || len(answer.Results) != 1 || answer.Results[0].Error != "" {
		return nil, fmt.Errorf("influxd answered %s", text)
	}
	return answer.Results[0].Series, nil
}
