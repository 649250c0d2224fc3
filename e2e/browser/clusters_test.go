package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/twmb/franz-go/pkg/kadm"
)

// group is a consumer group as the API tells it, as far as tests compare it.
type group struct {
	Name       string
	LagRecords *int64 `json:"lag_records"`
	Members    int
	Partitions []struct {
		Topic      string
		Partition  int32
		Committed  *int64
		End        *int64
		LagRecords *int64 `json:"lag_records"`
	} `json:"partition_list"`
}

func (s *setting) group(name string) (g group) {
	s.t.Helper()
	s.must(s.mirror.Get(s.ctx, "clusters/dc1/groups/"+url.PathEscape(name), &g))
	return g
}

// waitGroup waits for what the monitor has to see first.
func (s *setting) waitGroup(name, what string, condition func(group) bool) {
	s.t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(500 * time.Millisecond) {
		var g group
		err := s.mirror.Get(s.ctx, "clusters/dc1/groups/"+url.PathEscape(name), &g)
		if err == nil && condition(g) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("wait until %s: it never was (%v)", what, err)
		}
	}
}

// The lag of a group whose only member has gone grows on its page, and the group
// is the first of the overview.
func (s *setting) stoppedConsumer(t *testing.T) {
	s.t = t
	s.waitGroup("billing", "the group reads", func(g group) bool { return g.Members == 1 && g.LagRecords != nil })
	s.world.StopReader("billing")
	s.open("#/cluster/dc1/group/billing")
	const behind = `Number(document.querySelector("#tile-behind b").textContent.replace(/\D/g, "") || -1)`
	s.until(`document.querySelector("#tile-members b").textContent === "0" && ` + behind + ` > 0`)
	before := ask[int64](s, behind)
	s.until(fmt.Sprintf(`%s > %d`, behind, before+500))
	s.until(`/[1-9]/.test(document.querySelector("#tile-lag b").textContent)`)
	s.until(`[...document.querySelectorAll(".graph")].slice(0, 2).every((g) => /[1-9]/.test(g.querySelector(".legend").textContent))`)
	s.open("#/")
	s.until(`document.querySelectorAll(".groups .rows .row").length === 3`)
	s.until(`page.look.table.list[0].name === "billing"`)
}

// text of the first cells of a table's rows, by how far down they are.
const tableRows = `((kind) => [...document.querySelectorAll("." + kind + " .rows .row")].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top).map((r) => [...r.children].map((c) => c.textContent)))`

// What the pages of clusters show is what the API says, and what the cluster says
// to another client.
func (s *setting) clusterNumbers(t *testing.T) {
	s.t = t
	admin := s.world.Admin()
	ends, err := admin.ListEndOffsets(s.ctx, "orders", "payments")
	s.must(err)
	s.waitGroup("billing", "the numbers rest", func(g group) bool {
		for _, p := range g.Partitions {
			end, ok := ends.Lookup(p.Topic, p.Partition)
			if !ok || p.End == nil || *p.End != end.Offset {
				return false
			}
		}
		return len(g.Partitions) > 0
	})
	s.clusterTiles(t, admin)
	s.topicRows(t, ends)
	s.groupRows(t, admin, ends)
}

func (s *setting) clusterTiles(t *testing.T, admin *kadm.Client) {
	topics, err := admin.ListTopics(s.ctx)
	s.must(err)
	groups, err := admin.ListGroups(s.ctx)
	s.must(err)
	partitions, listed := 0, 0
	for _, topic := range topics {
		partitions += len(topic.Partitions)
		if !strings.HasPrefix(topic.Topic, "__") {
			listed++
		}
	}
	s.open("#/cluster/dc1")
	s.until(fmt.Sprintf(`document.querySelector("#tile-topics b").textContent === %q`, whole(int64(listed))))
	s.until(fmt.Sprintf(`document.querySelector("#tile-topics .under").textContent === %q`, fmt.Sprintf("without %d internal, %s partitions in all", len(topics)-listed, whole(int64(partitions)))))
	s.until(`document.querySelector("#tile-brokers b").textContent === "2" && document.querySelector("#tile-under b").textContent === "0"`)
	s.until(fmt.Sprintf(`document.querySelectorAll(".groups .rows .row").length === %d`, len(groups)))
	s.until(fmt.Sprintf(`page.topicTable.list.length === %d`, listed))
	leaders := 0
	for _, row := range ask[[][]string](s, tableRows+`("brokers")`) {
		var n int
		fmt.Sscan(row[3], &n)
		leaders += n
	}
	if leaders != partitions {
		t.Errorf("the brokers lead %d partitions, there are %d", leaders, partitions)
	}
}

func (s *setting) topicRows(t *testing.T, ends kadm.ListedOffsets) {
	s.open("#/cluster/dc1/topic/orders")
	s.until(`document.querySelectorAll(".partitions .rows .row").length === 6`)
	for _, row := range ask[[]struct{ Partition, End int64 }](s, `page.list.map((p) => ({Partition: p.partition, End: p.end}))`) {
		if end, _ := ends.Lookup("orders", int32(row.Partition)); end.Offset != row.End {
			t.Errorf("orders-%d ends at %d on the page, the cluster says %d", row.Partition, row.End, end.Offset)
		}
	}
	rows := ask[[][]string](s, tableRows+`("partitions")`)
	end, _ := ends.Lookup("orders", 0)
	if rows[0][0] != "0" || rows[0][1] != "healthy" || rows[0][6] != whole(end.Offset) {
		t.Errorf("the first row is %q, the cluster says that orders-0 ends at %d", rows[0], end.Offset)
	}
	// What is copied links to its copy.
	s.until(`document.querySelector(".copies a[href='#/route/dc1-to-dc2/topic/orders']") && document.querySelector(".copies a[href='#/cluster/dc2/topic/dc1.orders']")`)
	s.until(`[...document.querySelectorAll(".groups .rows a")].some((a) => a.textContent === "billing")`)
}

func (s *setting) groupRows(t *testing.T, admin *kadm.Client, ends kadm.ListedOffsets) {
	committed, err := admin.FetchOffsets(s.ctx, "billing")
	s.must(err)
	told := s.group("billing")
	s.open("#/cluster/dc1/group/billing")
	s.until(fmt.Sprintf(`document.querySelector("#tile-behind b").textContent === %q`, whole(*told.LagRecords)))
	s.until(fmt.Sprintf(`page.list.length === %d`, len(told.Partitions)))
	lag := int64(0)
	for _, row := range ask[[]struct {
		Topic                     string
		Partition, Committed, Lag int64
	}](s, `page.list.map((p) => ({Topic: p.topic, Partition: p.partition, Committed: p.committed, Lag: p.lag_records}))`) {
		at, _ := committed.Lookup(row.Topic, int32(row.Partition))
		end, _ := ends.Lookup(row.Topic, int32(row.Partition))
		if row.Committed != at.At || row.Lag != end.Offset-at.At {
			t.Errorf("%s-%d: the page shows %d committed and %d behind, the cluster says %d and %d", row.Topic, row.Partition, row.Committed, row.Lag, at.At, end.Offset-at.At)
		}
		lag += row.Lag
	}
	if lag != *told.LagRecords {
		t.Errorf("the partitions are %d records behind in all, the group %d", lag, *told.LagRecords)
	}
	s.groupCopies(t, committed)
	s.position(t, admin, ends)
}

// position compares the page of a partition that a group reads, and of the partition
// itself, with what the cluster says to another client. Both have their history, in
// all windows, and open large.
func (s *setting) position(t *testing.T, admin *kadm.Client, ends kadm.ListedOffsets) {
	committed, err := admin.FetchOffsets(s.ctx, "billing")
	s.must(err)
	at, _ := committed.Lookup("orders", 0)
	end, _ := ends.Lookup("orders", 0)
	for hash, tiles := range map[string]map[string]int64{
		"/cluster/dc1/position/orders%2F0%2Fbilling": {"behind": end.Offset - at.At, "at": at.At},
		"/cluster/dc1/partition/orders%2F0":          {"records": end.Offset, "away": 0},
	} {
		s.open("#" + hash)
		for tile, want := range tiles {
			s.until(fmt.Sprintf(`document.querySelector("#tile-%s b").textContent === %q`, tile, whole(want)))
		}
		// Of those that are always known, as the API has them.
		s.until(`page.feed.graphs.length >= 3 && page.feed.graphs.every((g) => g.area && g.data.rows[0].recorded && g.data.rows[0].avg.some(known))`)
		s.eachWindow("g.data.rows[0].recorded")
		s.must(chromedp.Do(s.tab, chromedp.KeyEvent("1")))
		s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector(".graph h2 a").click()`)))
		s.until(fmt.Sprintf(`location.hash.startsWith("#/graph/") && location.hash.endsWith(%q) && page.feed.graphs[0].area && document.querySelector(".large")`, hash))
	}
}

// groupCopies compares where the group's page says that it goes on in the copies
// with the API, and with what the group has committed.
func (s *setting) groupCopies(t *testing.T, committed kadm.OffsetResponses) {
	s.until(`document.querySelectorAll(".translated .rows .row").length > 3`)
	copied := 0
	for _, row := range ask[[]struct {
		Route, Topic, Text            string
		Partition, Source, Goes, Sure int
	}](s, `page.parts.find((p) => p.o && p.o.kind === "translated").positions.map((p) => ({Route: p.route, Topic: p.topic, Partition: p.partition,
		Source: p.source_offset, Goes: p.target_offset ?? -1, Sure: p.exact ? 1 : 0, Text: document.querySelector(".translated .rows").textContent}))`) {
		if at, _ := committed.Lookup(row.Topic, int32(row.Partition)); int64(row.Source) != at.At {
			t.Errorf("%s-%d: the page lets the group stand at %d, it has committed %d", row.Topic, row.Partition, row.Source, at.At)
		}
		if row.Route != "dc1-to-dc2" || row.Goes < 0 {
			continue
		}
		copied++
		// Nothing is left out of these copies, and their topics began empty.
		if row.Sure == 1 && row.Goes != row.Source {
			t.Errorf("%s-%d goes on at %d, want %d", row.Topic, row.Partition, row.Goes, row.Source)
		}
		if name := fmt.Sprintf("%s-%d", row.Topic, row.Partition); !strings.Contains(row.Text, name) {
			t.Errorf("the page does not list %s", name)
		}
	}
	if copied == 0 {
		t.Error("no position is translated into dc2")
	}
}

// Every page of clusters is reached by links, is easy to read in both themes, has
// names for screen readers, changes its window, and says so where there is nothing.
func (s *setting) clusterPages(t *testing.T) {
	s.t = t
	click := func(selector string) {
		s.t.Helper()
		s.until(fmt.Sprintf(`document.querySelector(%q)`, selector))
		s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))`, selector))))
	}
	s.open("#/")
	s.until(`document.querySelectorAll(".clusters .rows .row").length === 3 && document.querySelector(".map .cluster-fact")`)
	click(`.map a[href='#/cluster/dc1']`)
	s.until(`location.hash === "#/cluster/dc1" && page.feed.graphs.length === 9 && page.feed.graphs[0].area`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("4")))
	s.until(`page.feed.graphs.every((g) => g.data && g.data.rows[0].avg.length * g.data.step === 86400)`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("1")))
	click(`.brokers .rows a[href='#/cluster/dc1/broker/1']`)
	s.until(`document.querySelector("h1").textContent === "broker 1" && document.querySelectorAll(".replicas .rows .row").length > 5 && document.querySelector("tbody td").textContent.startsWith("/")`)
	s.open("#/cluster/dc1")
	click(`.groups .rows a[href='#/cluster/dc1/group/search%2Findexer']`)
	s.until(`document.querySelector("h1").textContent === "search/indexer" && document.querySelector("#tile-members b").textContent === "1" && document.querySelector("tbody").textContent.includes("search/indexer-1")`)
	click(`.positions .rows a[href='#/cluster/dc1/position/clicks.web%2F2%2Fsearch%2Findexer']`)
	s.until(`document.querySelector("h1").textContent === "clicks.web-2" && document.querySelector(".lead").textContent.startsWith("assigned")`)
	click(`.lead a[href='#/cluster/dc1/partition/clicks.web%2F2']`)
	s.until(`document.querySelector("h1").textContent === "partition 2" && [...document.querySelectorAll(".groups .rows a")].some((a) => a.textContent === "search/indexer")`)
	click(`.crumbs a[href='#/cluster/dc1/topic/clicks.web']`)
	s.until(`document.querySelector("h1").textContent === "clicks.web"`)
	click(`.copies a[href^='#/route/']`)
	s.until(`page instanceof TopicPage`)
	click(`.lead a[href^='#/cluster/dc1/topic/']`)
	s.until(`page instanceof ClusterTopicPage && document.querySelector("details summary")`)
	click(`.graph h2 a`)
	s.until(`location.hash === "#/graph/produced/cluster/dc1/topic/clicks.web" && /\d/.test(document.querySelector(".large .legend b").textContent)`)

	for _, hash := range []string{"#/", "#/cluster/dc1", "#/cluster/dc1/broker/1", "#/cluster/dc1/topic/orders", "#/cluster/dc1/group/search%2Findexer", "#/cluster/dc1/partition/orders%2F0", "#/cluster/dc1/position/orders%2F0%2Fbilling"} {
		for _, scheme := range []string{"light", "dark"} {
			s.must(chromedp.Do(s.tab, Size(1400, 1000, scheme)))
			s.open(hash)
			s.until(`!document.querySelector(".row:not(.head)") || document.querySelectorAll(".rows .row").length > 1`)
			if bad := ask[[]string](s, contrast); len(bad) > 0 {
				t.Errorf("%s, %s: hard to read: %q", hash, scheme, bad)
			}
			if bad := ask[[]string](s, unnamed); len(bad) > 0 {
				t.Errorf("%s: without a name for screen readers: %q", hash, bad)
			}
		}
	}
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "light")))
	for hash, says := range map[string]string{
		"#/cluster/gone": "no cluster of this name", "#/cluster/dc1/topic/gone": "no topic of this name", "#/graph/group-lag/cluster/dc2/group/billing": "no consumer group of this name", "#/cluster/dc1/group/gone": "no consumer group of this name",
		"#/cluster/dc1/broker/99": "no broker of this number", "#/cluster/dc1/cluster/x": "no such page",
		"#/cluster/dc1/partition/orders%2F99": "no such partition", "#/cluster/dc1/position/orders%2F0%2Fgone": "does not stand in this partition", "#/cluster/dc1/partition/orders": "no such page", "#/cluster/dc1/topic": "no such page", "#/graph/size/route/x": "no such page",
		"#/cluster/dc1/topic/%3Cimg%20src=x%3E": "<img src=x>",
	} {
		s.open(hash)
		s.until(fmt.Sprintf(`document.querySelector("main").textContent.includes(%q) && document.querySelector(".empty-page:not([hidden]) a")`, says))
	}
	if ask[int](s, `document.querySelectorAll("main img").length`) != 0 {
		t.Error("a name became markup")
	}
}

// A group may be called anything: its row leads to its page, which has its numbers,
// and so does its graph.
func (s *setting) oddNames(t *testing.T) {
	s.t = t
	admin := s.world.Admin()
	for _, name := range []string{".", "..", "50% a/b?c#d;e&f=g", "<b>\"'\\", "%2e%2e", "ü/../x"} {
		offsets := make(kadm.Offsets)
		offsets.AddOffset("orders", 0, 1, -1)
		s.must(admin.CommitAllOffsets(s.ctx, name, offsets))
		var g group
		for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
			err := s.mirror.Get(s.ctx, "clusters/dc1/groups?name="+url.QueryEscape(name), &g)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				s.t.Fatalf("%q: %v", name, err)
			}
		}
		s.open("#/cluster/dc1")
		find := fmt.Sprintf(`[...document.querySelectorAll(".groups .rows a")].find((a) => a.textContent === %q)`, name)
		s.until(find)
		s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](find+".click()")))
		s.until(fmt.Sprintf(`document.querySelector("h1").textContent === %q && document.querySelector("#tile-behind b").textContent === %q`, name, whole(*g.LagRecords)))
		s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".graph h2 a")].find((a) => a.textContent.startsWith("Lag in records")).click()`)))
		s.until(fmt.Sprintf(`page instanceof ClusterGraphPage && document.querySelectorAll(".crumbs a")[2].textContent === %q && page.feed.graphs[0].area && document.querySelector(".legend").textContent.includes(%q)`, name, name))
	}
	if ask[int](s, `document.querySelectorAll("main b").length`) != 1 { // of the legend
		t.Error("a name became markup")
	}
}

// Two thousand topics of a cluster scroll like thirty, and one without room for its
// history says that its graphs are live only.
func (s *setting) manyClusterTopics(t *testing.T) {
	s.t = t
	s.must(s.world.AddTopics("extra", 950))
	s.open("#/cluster/dc1")
	s.until(`page.topicTable.list.length > 1950`)
	rows := ask[int](s, `(() => {
	  const t = page.topicTable;
	  let most = 0;
	  for (let y = 0; y < t.scroller.scrollHeight; y += 997) {
	    t.scroller.scrollTop = y;
	    t.draw();
	    most = Math.max(most, t.rows.size);
	  }
	  return most;
	})()`)
	if rows > 60 {
		t.Errorf("%d rows are in the document", rows)
	}
	last := ask[string](s, `page.topicTable.list.at(-1).name`)
	s.until(fmt.Sprintf(`[...document.querySelectorAll(".cluster-topics .rows a")].some((a) => a.textContent === %q)`, last))
	s.open("#/cluster/dc1/topic/extra.0949")
	s.until(`[...document.querySelectorAll(".graph-head")].every((e) => e.textContent.includes("live only")) && page.feed.graphs[0].area`)
}

// A cluster that does not answer: its page says so, and of when the numbers are.
func (s *setting) unreachable(t *testing.T) {
	s.t = t
	s.waitCluster("dc3", "ok")
	s.world.CloseCluster()
	s.waitCluster("dc3", "unreachable")
	s.open("#/cluster/dc3")
	s.until(`document.querySelector(".reason:not([hidden])").textContent.includes("Cluster dc3 does not answer") && document.querySelector(".lead .chip").textContent === "unreachable"`)
	// So does every large graph of what is in it.
	for _, hash := range []string{"#/graph/size/cluster/dc3", "#/graph/leaders/cluster/dc3/broker/0", "#/graph/produced/cluster/dc3/topic/dc1.orders", "#/graph/produced"} {
		s.open(hash)
		s.until(`document.querySelector(".reason:not([hidden])").textContent.startsWith("Cluster dc3 does not answer: ") && document.querySelector(".large canvas")`)
	}
	s.open("#/graph/lag/route/dc1-to-dc3")
	s.until(`document.querySelector(".reason:not([hidden])").textContent.length > 10`)
	s.open("#/")
	s.until(`document.querySelector(".clusters .rows .row .chip").textContent === "unreachable" && document.querySelector(".map .cluster.bad .cluster-fact").textContent === "unreachable"`)
	if first := ask[[][]string](s, tableRows+`("clusters")`)[0][0]; !strings.HasPrefix(first, "dc3") {
		t.Errorf("the first cluster is %q", first)
	}
}

func (s *setting) waitCluster(name, state string) {
	s.t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(500 * time.Millisecond) {
		var c struct{ State string }
		var raw json.RawMessage
		s.must(s.mirror.Get(s.ctx, "clusters/"+name, &raw))
		s.must(json.Unmarshal(raw, &c))
		if c.State == state {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("cluster %s is not %s: %s", name, state, raw)
		}
	}
}
