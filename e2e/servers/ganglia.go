package servers

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Gmond is one gmond that only listens.
type Gmond struct {
	server
	Address string // UDP, for values
	xml     string // TCP
}

// StartGmond starts gmond.
func StartGmond(dir string) (*Gmond, error) {
	gmond, err := find("gmond", "ganglia-monitor")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	g := &Gmond{Address: address(ports[0]), xml: address(ports[1]), server: server{dir: dir, port: ports[1],
		args: []string{gmond, "--foreground", "--conf=" + filepath.Join(dir, "gmond.conf")}}}
	err = g.write("gmond.conf", `globals {
  daemonize = no
  setuid = no
  mute = yes
  deaf = no
}
cluster { name = "mirrors" }
udp_recv_channel { port = %d bind = 127.0.0.1 }
tcp_accept_channel { port = %d bind = 127.0.0.1 }
`, ports[0], ports[1])
	if err != nil {
		return nil, err
	}
	return g, g.start()
}

// GangliaMetric is what gmond and gmetad tell of one metric.
type GangliaMetric struct {
	Name  string         `xml:"NAME,attr"`
	Value string         `xml:"VAL,attr"`
	Type  string         `xml:"TYPE,attr"`
	Units string         `xml:"UNITS,attr"`
	Extra []GangliaExtra `xml:"EXTRA_DATA>EXTRA_ELEMENT"`
}

// GangliaExtra is one more attribute of a metric.
type GangliaExtra struct {
	Name  string `xml:"NAME,attr"`
	Value string `xml:"VAL,attr"`
}

type gangliaCluster struct {
	Hosts []struct {
		Metrics []GangliaMetric `xml:"METRIC"`
	} `xml:"HOST"`
}

// Metrics returns what gmond knows, by name.
func (g *Gmond) Metrics() (map[string]GangliaMetric, error) {
	var document struct {
		Clusters []gangliaCluster `xml:"CLUSTER"`
	}
	if err := readXML(g.xml, &document); err != nil {
		return nil, err
	}
	return metricsOf(document.Clusters), nil
}

func readXML(address string, into any) error {
	text, err := readAll(address)
	if err != nil {
		return err
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	// It says ISO-8859-1, of which names that a mirror sends only use ASCII.
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read XML of %s: %w", address, err)
	}
	return nil
}

func metricsOf(clusters []gangliaCluster) map[string]GangliaMetric {
	all := make(map[string]GangliaMetric)
	for _, c := range clusters {
		for _, h := range c.Hosts {
			for _, m := range h.Metrics {
				all[m.Name] = m
			}
		}
	}
	return all
}

// Gmetad is a gmetad that polls one gmond and keeps round-robin databases.
type Gmetad struct {
	server
	xml string
}

// StartGmetad starts gmetad.
func StartGmetad(dir string, of *Gmond) (*Gmetad, error) {
	gmetad, err := find("gmetad", "gmetad")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	g := &Gmetad{xml: address(ports[0]), server: server{dir: dir, port: ports[0],
		args: []string{gmetad, "--debug=1", "--conf=" + filepath.Join(dir, "gmetad.conf")}}}
	if err := os.Mkdir(filepath.Join(dir, "rrds"), 0o700); err != nil {
		return nil, err
	}
	if err := g.write("gmetad.conf", `data_source "mirrors" 1 %s
setuid off
xml_port %d
interactive_port %d
rrd_rootdir "%s/rrds"
`, of.xml, ports[0], ports[1], dir); err != nil {
		return nil, err
	}
	return g, g.start()
}

// Metrics returns what gmetad knows, by name.
func (g *Gmetad) Metrics() (map[string]GangliaMetric, error) {
	var document struct {
		Clusters []gangliaCluster `xml:"GRID>CLUSTER"`
	}
	if err := readXML(g.xml, &document); err != nil {
		return nil, err
	}
	return metricsOf(document.Clusters), nil
}

// Files lists the databases that gmetad made for single hosts.
func (g *Gmetad) Files() ([]string, error) {
	all, err := filepath.Glob(filepath.Join(g.dir, "rrds", "mirrors", "*", "*.rrd"))
	return slices.DeleteFunc(all, func(file string) bool { return strings.Contains(file, "__SummaryInfo__") }), err
}
