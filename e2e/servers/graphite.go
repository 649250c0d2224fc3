package servers

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Graphite is a carbon-cache that keeps whisper files.
type Graphite struct {
	server
	Address string // of the plaintext protocol
	fetch   string // whisper-fetch
}

// StartGraphite starts carbon with one value a second for an hour. createsPerMinute
// is how many new series it takes; "inf" is no limit.
func StartGraphite(dir, createsPerMinute string) (*Graphite, error) {
	carbon, err := find("carbon-cache", "graphite-carbon")
	if err != nil {
		return nil, err
	}
	fetch, err := find("whisper-fetch", "python3-whisper")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	g := &Graphite{Address: address(ports[0]), fetch: fetch, server: server{dir: dir, port: ports[0],
		args: []string{carbon, "--config=" + filepath.Join(dir, "carbon.conf"), "--pidfile=" + filepath.Join(dir, "carbon.pid"), "--nodaemon", "start"}}}
	if err := g.write("carbon.conf", `[cache]
STORAGE_DIR = %[1]s/
LOCAL_DATA_DIR = %[1]s/whisper/
CONF_DIR = %[1]s/
LOG_DIR = %[1]s/
PID_DIR = %[1]s/
ENABLE_LOGROTATION = False
USER =
MAX_UPDATES_PER_SECOND = inf
MAX_CREATES_PER_MINUTE = %[5]s
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = %[2]d
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = %[3]d
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = %[4]d
CARBON_METRIC_INTERVAL = 0
`, dir, ports[0], ports[1], ports[2], createsPerMinute); err != nil {
		return nil, err
	}
	if err := g.write("storage-schemas.conf", "[default]\npattern = .*\nretentions = 1s:1h\n"); err != nil {
		return nil, err
	}
	return g, g.start()
}

// Series lists the paths that have a file.
func (g *Graphite) Series() ([]string, error) {
	root := filepath.Join(g.dir, "whisper")
	var all []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, strings.TrimSuffix(path, ".wsp"))
		all = append(all, strings.ReplaceAll(name, string(filepath.Separator), "."))
		return err
	})
	if os.IsNotExist(err) {
		return nil, nil
	}
	return all, err
}

// Last returns the newest value of a series in its file, by whisper-fetch.
func (g *Graphite) Last(series string) (value float64, ok bool, err error) {
	file := filepath.Join(g.dir, "whisper", strings.ReplaceAll(series, ".", string(filepath.Separator))+".wsp")
	out, err := exec.Command(g.fetch, "--from=0", file).CombinedOutput()
	if err != nil {
		return 0, false, fmt.Errorf("whisper-fetch: %w: %s", err, out)
	}
	for line := range strings.SplitSeq(string(out), "\n") {
		if _, text, found := strings.Cut(line, "\t"); found && text != "None" {
			if value, err = strconv.ParseFloat(text, 64); err != nil {
				return 0, false, fmt.Errorf("whisper-fetch said %q: %w", line, err)
			}
			ok = true
		}
	}
	return value, ok, nil
}
