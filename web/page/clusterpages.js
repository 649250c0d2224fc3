// The pages of a cluster, a broker, a topic of a cluster and a consumer group.

// ClusterSubject is what the pages and the large graphs of a cluster, or of something
// in it, have in common: its document, asked for again and again, and what to say
// where there is none, or where it is old.
class ClusterSubject extends Page {
  constructor(cluster, kind, name, ...steps) {
    super();
    Object.assign(this, { cluster, kind, name, subject: { label: labelOf(cluster, kind, name), key: clusterKey(cluster, kind, name) } });
    this.reason = h("p", { class: "reason", hidden: true });
    this.gone = h("div", { class: "card empty-page", hidden: true });
    this.content = h("div", { class: "page" });
    this.element.append(this.crumbs([cluster, toCluster(cluster)], ...inside(cluster, kind, name), ...steps), this.gone, this.content);
  }

  // begin asks for the first time: what the page shows has to be made before.
  begin() {
    this.feed.refresh();
    this.parts.push(new Poll(clusterPath(this.cluster, this.kind, this.name), (d) => this.take(d), (e) => this.failed(e)));
    if (this.kind) this.parts.push(new Poll(clusterPath(this.cluster), (c) => this.tellCluster(c), () => {}));
  }

  update() {} // the stream knows nothing of these
  show() {}

  take(document) {
    this.lost = null;
    this.online = document.online;
    this.tell();
    this.saw(document);
    if (!this.kind) this.tellCluster(document);
    this.show(document);
  }

  failed(error) {
    this.lost = error;
    this.tell();
  }

  // tellCluster says why numbers may be old, which the document of a topic or a
  // group does not.
  tellCluster(c) {
    this.where = c;
    this.tell();
  }

  tell() {
    const { where, lost } = this;
    const off = where && where.state === "off", away = where && where.state === "unreachable";
    const absent = off || (lost && lost.status === 404);
    this.gone.hidden = !absent;
    this.content.hidden = !!absent;
    const silent = away ? `Cluster ${this.cluster} does not answer: ${where.reason || "it is not known why"}. ` : "";
    if (absent) {
      const title = off ? `Cluster ${this.cluster} is not looked at.` : away && !where.time ? `Cluster ${this.cluster} does not answer.` : where && where.state === "starting" ? `Cluster ${this.cluster} has not answered yet.` : sentence(lost.message);
      setParts(this.gone, h("h1", {}, title), h("p", {}, off ? where.notes.join(" ") : away && !where.time ? silent + UNREACHED : "It may have been removed, or the address has a slip. What is not looked at is not shown either: monitor in the configuration says what is."),
        h("p", {}, h("a", { href: this.kind && !off ? toCluster(this.cluster) : "#/" }, this.kind && !off ? `To cluster ${this.cluster}` : "To the overview")));
      return;
    }
    const old = away ? silent + (where.time ? `${this.numbers} from ${moment(where.time)}.` : UNREACHED) : this.online === false ? `Broker ${this.name} is gone: it is not part of the cluster now, and nothing is measured until it is back.` : "";
    setText(this.reason, lost ? "The numbers cannot be read now: " + lost.message : old);
    this.reason.hidden = !this.reason.textContent;
  }
  get numbers() { return "The numbers below are"; }
}

const UNREACHED = "Nothing is known of it yet. Check that its brokers run and that this host reaches them.";

// called shows a name: a group may have an empty one.
const called = (name) => name || "(no name)";

// inside are the steps from a cluster to something in it.
function inside(cluster, kind, name) {
  if (!kind) return [];
  const at = placeOf(kind, name), above = !at ? [] : at.group === undefined ? ["topic", at.topic] : ["group", at.group];
  const text = !at ? kind === "broker" ? "broker " + name : called(name) : at.group === undefined ? "partition " + at.number : `${at.topic}-${at.number}`;
  return [...(at ? [[called(above[1]), toCluster(cluster, ...above)]] : []), [text, toCluster(cluster, kind, name)]];
}
const labelOf = (...subject) => inside(...subject).at(-1)?.[0] ?? subject[0];

// SubjectPage is such a page with graphs and tiles.
class SubjectPage extends ClusterSubject {
  constructor(tiles, cluster, kind, name) {
    super(cluster, kind, name);
    const { graphs } = KINDS[kind || "cluster"];
    this.tiles = new Tiles(tiles);
    this.state = h("span", { class: "chip" });
    this.facts = h("span", { class: "ends" });
    this.notes = h("p", { class: "reason note-line", hidden: true });
    this.graphs = h("section", { class: "graphs" + (graphs.length % 3 === 0 ? "" : graphs.length > 4 ? " many" : " two"), "aria-label": "Graphs" }, graphs.map((id) => this.graph(id, this.subject, { href: clusterGraph(id, cluster, kind, name) }, POLL / 1000)));
    this.content.append(h("p", { class: "lead" }, this.state, this.facts), this.reason, this.notes, this.tiles.element, this.graphs);
  }
}

// sentence begins with a capital and ends with a full stop.
const sentence = (text) => text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "There is no such page.";

const cells = (...values) => values.map((v) => h("td", { class: "n" }, v));

// plain makes a card with a table of few rows.
function plain(title, heads, body) {
  return card(title, {}, h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map(([text, number]) => h("th", { class: number ? "n" : null }, text)))), body)));
}

class ClusterPage extends SubjectPage {
  constructor(cluster) {
    super({ brokers: "Brokers", offline: "Offline partitions", under: "Under-replicated", topics: "Topics", rate: "Records", size: "On disk", lag: "Worst group" }, cluster);
    Object.assign(this, { brokers: [], topics: [], groups: [], trouble: {} });
    const none = (list, text) => this.trouble[list] || text;
    this.brokerTable = brokerTable(cluster, () => this.brokers);
    this.topicTable = clusterTopicTable(cluster, () => this.topics, () => none("topics", "No topic yet. Topics that match monitor.topics in the configuration appear here by themselves."));
    this.groupTable = new GroupTable("cluster", () => this.groups, () => none("groups", noGroups([this.where])));
    this.content.append(this.part(this.brokerTable), this.part(this.topicTable), this.part(this.groupTable));
    this.table = this.topicTable;
    this.begin();
    for (const [list, table] of [["topics", this.topicTable], ["groups", this.groupTable]]) {
      table.note.hidden = false;
      setText(table.note, "Loading …");
      this.parts.push(new Poll(`${clusterPath(cluster)}/${list}`, (d) => {
        this[list] = d[list].map((x) => ({ ...x, cluster }));
        this.trouble[list] = (d.notes || []).join(" ");
        table.update();
        if (list === "groups") this.tiles.set("lag", ...worstGroupTile(this.groups));
      }, (e) => { this.trouble[list] = sentence(e.message); table.update(); }));
    }
  }

  show(c) {
    setMark(this.state, ...clusterMark(c));
    const unseen = !c.time, count = (v) => unseen ? DASH : whole(v);
    setText(this.facts, [c.id && `cluster ID ${c.id}`, known(c.controller) && c.controller >= 0 && `controller is broker ${c.controller}`, c.time && `looked at ${moment(c.time)}`].filter(Boolean).join(" · "));
    setText(this.notes, (c.notes || []).join(" "));
    this.notes.hidden = !this.notes.textContent;
    const away = c.brokers.filter((b) => b.online === false).map((b) => b.id);
    this.tiles.set("brokers", count(c.broker_count), away.length ? `${away.length > 1 ? "brokers" : "broker"} ${away.join(", ")} gone` : unseen ? "" : "all answer", away.length ? "bad" : unseen ? "" : "good");
    this.tiles.set("offline", count(c.offline), "partitions without a leader", unseen ? "" : c.offline ? "bad" : "good");
    this.tiles.set("under", count(c.under_replicated), "partitions with a replica out of sync", unseen ? "" : c.under_replicated ? "warn" : "good");
    this.tiles.set("topics", count(topicsOf(c)), unseen ? "" : [leftOut(c), `${plural(c.partition_count, "partition", "partitions")} in all`].filter(Boolean).join(", "));
    this.tiles.set("rate", show("rate", c.records_per_second), "written to its topics");
    this.tiles.set("size", show("size", c.bytes), "every replica counted");
    this.brokers = c.brokers;
    this.brokerTable.update();
  }
}

function brokerTable(cluster, rows) {
  return new Table({
    kind: "brokers", title: "Brokers", label: "brokers", one: "broker", sort: "state", rows, none: () => "No broker is known yet.",
    placeholder: "Filter by number, address or rack",
    columns: [
      { id: "broker", title: "Broker", width: 200, left: true, compare: (a, b) => a.id - b.id },
      { id: "state", title: "State", width: 104, left: true, compare: (a, b) => (a.online === false) !== (b.online === false) ? (a.online === false ? -1 : 1) : b.under_replicated - a.under_replicated, mark: brokerMark },
      { id: "under", title: "Not in sync", width: 96, drop: 2, compare: larger((b) => b.under_replicated), cell: (b) => whole(b.under_replicated), late: (b) => b.under_replicated > 0 },
      { id: "leaders", title: "Leaders", width: 84, compare: larger((b) => b.leaders), cell: (b) => whole(b.leaders) },
      { id: "replicas", title: "Replicas", width: 84, drop: 3, compare: larger((b) => b.replicas), cell: (b) => whole(b.replicas) },
      { id: "rate", title: "Records", width: 96, drop: 4, compare: larger((b) => b.records_per_second), cell: (b) => show("rate", b.records_per_second) },
      { id: "size", title: "On disk", width: 100, drop: 1, compare: larger((b) => b.bytes), cell: (b) => show("size", b.bytes) },
      { id: "full", title: "Fullest disk", width: 100, drop: 3, compare: larger((b) => b.disk_used), cell: (b) => show("share", b.disk_used), late: (b) => b.disk_used >= 0.85 },
      { id: "spark", title: "Records, last hour", width: 136, drop: 5, spark: true },
    ],
    id: (b) => b.id, compare: (a, b) => a.id - b.id,
    name: (b) => "broker " + b.id,
    href: (b) => toCluster(cluster, "broker", b.id),
    under: (b) => [[b.controller && "controller", b.rack && "rack " + b.rack, b.address || "not online"].filter(Boolean).join(" · "), b.online === false],
    words: (b) => `broker ${b.id} ${b.address} ${b.rack} ${brokerMark(b)[1]}`,
    key: (b) => `${clusterKey(cluster, "broker", b.id)}/records_per_second`,
  });
}

// used is how full the volume of a log directory is, 0 to 1; null: unknown.
const used = (d) => d.total_bytes > 0 && known(d.usable_bytes) && d.usable_bytes <= d.total_bytes ? 1 - d.usable_bytes / d.total_bytes : null;

function clusterTopicTable(cluster, rows, none) {
  return new Table({
    kind: "cluster-topics", title: "Topics", label: "topics", one: "topic", sort: "state", rows, none,
    placeholder: "Filter by name or state",
    columns: [
      { id: "topic", title: "Topic", width: 200, left: true, compare: (a, b) => a.name.localeCompare(b.name) },
      { id: "state", title: "State", width: 138, left: true, compare: (a, b) => worstReplicas(a, b) || magnitude(b.records_per_second) - magnitude(a.records_per_second), mark: replicaMark },
      { id: "rate", title: "Records", width: 92, drop: 1, compare: larger((t) => t.records_per_second), cell: (t) => show("rate", t.records_per_second) },
      { id: "records", title: "In the log", width: 100, drop: 4, compare: larger((t) => t.records), cell: (t) => show("count", t.records) },
      { id: "size", title: "On disk", width: 100, drop: 2, compare: larger((t) => t.bytes), cell: (t) => show("size", t.bytes) },
      { id: "partitions", title: "Partitions", width: 92, drop: 3, compare: larger((t) => t.partitions), cell: (t) => whole(t.partitions) },
      { id: "groups", title: "Groups", width: 78, drop: 4, compare: larger((t) => t.groups), cell: (t) => whole(t.groups) },
      { id: "spark", title: "Records, last hour", width: 136, drop: 5, spark: true },
    ],
    id: (t) => t.name, compare: (a, b) => a.name.localeCompare(b.name),
    name: (t) => t.name,
    href: (t) => toCluster(cluster, "topic", t.name),
    under: (t) => troubles(t) ? [`${troubles(t)}, of ${whole(t.partitions)}`, true] : [`${plural(t.partitions, "partition", "partitions")}, ${plural(t.replication_factor, "replica", "replicas")} each`, false],
    words: (t) => `${t.name} ${replicaMark(t)[1]}`,
    key: (t) => `${clusterKey(cluster, "topic", t.name)}/records_per_second`,
  });
}

class BrokerPage extends SubjectPage {
  constructor(cluster, id) {
    super({ leaders: "Leaders", under: "Not in sync", rate: "Records", size: "On disk", full: "Fullest disk" }, cluster, "broker", id);
    this.list = [];
    this.dirs = h("tbody");
    this.more = h("p", { class: "aside", hidden: true });
    const place = (p) => p.in_sync ? (p.leader ? 1 : 0) : 2;
    this.table = new Table({
      kind: "replicas", title: "Replicas on this broker", label: "replicas", one: "replica", sort: "state", height: 36, rows: () => this.list,
      none: () => "No partition is assigned to this broker.",
      columns: [
        { id: "replica", title: "Partition", width: 200, left: true, compare: byPartition },
        { id: "state", title: "State", width: 112, left: true, compare: (a, b) => Number(a.in_sync) - Number(b.in_sync), mark: (p) => p.in_sync ? ["caught_up", "in sync"] : ["waiting", "not in sync"] },
        { id: "role", title: "Role", width: 90, drop: 1, compare: (a, b) => place(b) - place(a), cell: (p) => p.leader ? "leader" : "follower" },
        { id: "size", title: "On disk", width: 100, drop: 2, compare: larger((p) => p.bytes), cell: (p) => show("size", p.bytes) },
      ],
      id: partitionId, compare: byPartition, name: (p) => `${p.topic}-${p.partition}`,
      href: (p) => toCluster(cluster, "partition", `${p.topic}/${p.partition}`),
      words: (p) => `${p.topic}-${p.partition} ${p.in_sync ? "in sync" : "not in sync"} ${p.leader ? "leader" : "follower"}`,
    });
    this.content.append(plain("Log directories", [["Directory"], ["Replicas take", true], ["Volume", true], ["Free", true], ["Used", true], [""]], this.dirs), this.part(this.table), this.more);
    this.begin();
  }

  show(b) {
    setMark(this.state, ...brokerMark(b));
    setText(this.facts, [b.address || "not online", b.rack && "rack " + b.rack, b.controller && "controller"].filter(Boolean).join(" · "));
    this.tiles.set("leaders", whole(b.leaders), `of ${plural(b.replicas, "replica", "replicas")}`);
    this.tiles.set("under", whole(b.under_replicated), "of its own replicas", b.under_replicated ? "warn" : "good");
    this.tiles.set("rate", show("rate", b.records_per_second), "written to the partitions it leads");
    this.tiles.set("size", show("size", b.bytes));
    const full = b.disk_used;
    this.tiles.set("full", show("share", full), known(full) ? "" : "the broker does not say", full >= 0.95 ? "bad" : full >= 0.85 ? "warn" : "");
    const dirs = (b.log_dirs || []).slice().sort((a, c) => Number(!!c.error) - Number(!!a.error) || (used(c) ?? -1) - (used(a) ?? -1));
    this.dirs.replaceChildren(...dirs.map((d) => h("tr", {}, h("td", {}, d.dir), cells(show("size", d.bytes), show("size", d.total_bytes), show("size", d.usable_bytes)),
      h("td", { class: "n" }, known(used(d)) ? h("meter", { value: used(d), low: 0.85, high: 0.95, optimum: 0, "aria-label": "used" }) : null, known(used(d)) ? " " : null, show("share", used(d))), h("td", {}, h("span", { class: "why" }, d.error)))));
    if (!dirs.length) this.dirs.replaceChildren(h("tr", {}, h("td", { colspan: 6, class: "aside" }, "What lies in its log directories is unknown. The cluster's page says why.")));
    this.list = b.partition_list;
    this.table.update();
    this.more.hidden = !b.left_out;
    const beyond = b.left_out - b.not_looked_at;
    setText(this.more, `${plural(b.left_out, "replica", "replicas")} more: ` + [beyond && `${whole(beyond)} for which this list has no room`, b.not_looked_at && `${whole(b.not_looked_at)} of topics that are not looked at (monitor.topics in the configuration)`].filter(Boolean).join(", "));
  }
}

const partitionId = (p) => `${p.topic}\n${p.partition}`;
const byPartition = (a, b) => (a.topic || "").localeCompare(b.topic || "") || a.partition - b.partition;

// Of a partition of a cluster: how its replicas are.
const health = (p) => p.leader < 0 ? 2 : p.out_of_sync ? 1 : 0;
const healthMark = (p) => [["caught_up", "healthy"], ["waiting", "under-replicated"], ["stopped", "offline"]][health(p)];
const away = (p) => p.replicas.filter((r) => !p.in_sync.includes(r)).join(", ") || "none";

class ClusterTopicPage extends SubjectPage {
  constructor(cluster, topic) {
    super({ rate: "Records", size: "On disk", records: "In the log", offline: "Offline partitions", under: "Under-replicated", lag: "Worst group" }, cluster, "topic", topic);
    Object.assign(this, { list: [], groups: [] });
    this.copies = h("p", { class: "copies", hidden: true });
    this.content.children[0].after(this.copies);
    const at = (p) => [cluster, "partition", `${topic}/${p.partition}`];
    this.table = new Table({
      kind: "partitions", title: "Partitions", label: "partitions", one: "partition", sort: "state", height: 36, rows: () => this.list, none: () => "This topic has no partition.",
      columns: [
        { id: "partition", title: "Partition", width: 90, left: true, compare: byPartition },
        { id: "state", title: "State", width: 138, left: true, compare: (a, b) => health(b) - health(a), mark: healthMark },
        { id: "leader", title: "Leader", width: 72, compare: (a, b) => a.leader - b.leader, cell: (p) => p.leader < 0 ? "none" : String(p.leader) },
        { id: "replicas", title: "Replicas", width: 110, drop: 2, cell: (p) => p.replicas.join(", ") },
        { id: "away", title: "Out of sync", width: 100, drop: 1, cell: away, late: (p) => health(p) > 0 },
        { id: "start", title: "Starts at", width: 110, drop: 5, compare: larger((p) => p.start), cell: (p) => whole(p.start) },
        { id: "end", title: "Ends at", width: 110, drop: 3, compare: larger((p) => p.end), cell: (p) => whole(p.end) },
        { id: "records", title: "In the log", width: 110, drop: 6, compare: larger((p) => p.records), cell: (p) => whole(p.records) },
        { id: "rate", title: "Records", width: 92, drop: 3, compare: larger((p) => p.records_per_second), cell: (p) => show("rate", p.records_per_second) },
        { id: "size", title: "On disk", width: 96, drop: 4, compare: larger((p) => p.bytes), cell: (p) => show("size", p.bytes) },
        { id: "spark", title: "Records, last hour", width: 136, drop: 7, spark: true },
      ],
      id: (p) => p.partition, compare: byPartition, name: (p) => String(p.partition), href: (p) => toCluster(...at(p)),
      key: (p) => clusterKey(...at(p)) + "/records_per_second",
      words: (p) => `${p.partition} ${healthMark(p)[1]} leader ${p.leader}`,
    });
    this.groupTable = new GroupTable("topic", () => this.groups, () => "No consumer group that is looked at reads this topic.");
    this.set = h("tbody");
    this.rest = h("tbody");
    this.restCount = h("summary", {});
    const heads = () => h("thead", {}, h("tr", {}, h("th", {}, "Key"), h("th", {}, "Value"), h("th", {}, "From")));
    this.more = h("details", { hidden: true }, this.restCount, h("div", { class: "wide" }, h("table", {}, heads(), this.rest)));
    this.content.append(this.part(this.table), this.part(this.groupTable), card("Configuration", {}, h("div", { class: "wide" }, h("table", {}, heads(), this.set)), this.more));
    this.begin();
  }

  show(t) {
    setMark(this.state, ...replicaMark(t));
    setText(this.facts, `${plural(t.partitions, "partition", "partitions")}, ${plural(t.replication_factor, "replica", "replicas")} each${t.internal ? " · internal" : ""}`);
    this.tiles.set("rate", show("rate", t.records_per_second), "written to it");
    this.tiles.set("size", show("size", t.bytes), "every replica counted");
    this.tiles.set("records", show("count", t.records), "offsets from start to end");
    this.tiles.set("offline", whole(t.offline), "partitions without a leader", t.offline ? "bad" : "good");
    this.tiles.set("under", whole(t.under_replicated), "partitions with a replica out of sync", t.under_replicated ? "warn" : "good");
    this.groups = t.group_list.map((g) => ({ ...g, name: g.group, cluster: this.cluster }));
    this.tiles.set("lag", ...worstGroupTile(this.groups));
    this.list = t.partition_list;
    this.table.update();
    this.groupTable.update();
    this.showCopies(t.mirrored || []);
    this.showConfigs(t);
  }

  // showCopies links what routes copy from and to here.
  showCopies(mirrored) {
    this.copies.hidden = !mirrored.length;
    setParts(this.copies, mirrored.map((m) => {
      const route = store.head.routes.find((r) => r.name === m.route), from = m.direction === "source";
      const other = route && (from ? route.to : route.from);
      return h("span", {}, "Route ", h("a", { href: toTopic(m.route, from ? this.name : m.topic) }, m.route), from ? " copies this topic to " : " copies into this topic from ",
        other ? [h("a", { href: toCluster(other, "topic", m.topic) }, m.topic), ` of ${other}. `] : `${m.topic}. `);
    }));
  }

  showConfigs(t) {
    const row = (c) => h("tr", {}, h("td", {}, c.key), h("td", { class: "value" }, c.sensitive ? h("span", { class: "aside" }, "not shown: sensitive") : c.value), h("td", {}, c.source));
    const configs = (t.configs || []).slice().sort((a, b) => a.key.localeCompare(b.key));
    const own = configs.filter((c) => c.source === "topic"), rest = configs.filter((c) => c.source !== "topic");
    this.set.replaceChildren(...own.map(row));
    if (!own.length) this.set.replaceChildren(h("tr", {}, h("td", { colspan: 3, class: "aside" }, t.configs ? "Nothing is set on the topic itself." : "Unknown: " + (t.configs_reason || "the cluster does not say."))));
    this.more.hidden = !rest.length;
    setText(this.restCount, `${plural(rest.length, "setting", "settings")} of the brokers and defaults`);
    this.rest.replaceChildren(...rest.map(row));
  }
}

// ClusterPartitionPage is that of a partition of a cluster's topic.
class ClusterPartitionPage extends SubjectPage {
  constructor(cluster, name) {
    super({ rate: "Records", size: "On disk", records: "In the log", away: "Out of sync", lag: "Worst group" }, cluster, "partition", name);
    this.groups = [];
    this.table = new GroupTable("topic", () => this.groups, () => "No consumer group that is looked at reads this partition.");
    this.content.append(this.part(this.table));
    this.begin();
  }

  show(p) {
    setMark(this.state, ...healthMark(p));
    setText(this.facts, [p.leader < 0 ? "no leader" : `leader is broker ${p.leader}`, `replicas on ${p.replicas.join(", ")}`, `starts at ${whole(p.start)}, ends at ${whole(p.end)}`].join(" · "));
    this.tiles.set("rate", show("rate", p.records_per_second), "written to it");
    this.tiles.set("size", show("size", p.bytes), "every replica counted");
    this.tiles.set("records", whole(p.records), "offsets from start to end");
    this.tiles.set("away", whole(p.out_of_sync), p.out_of_sync ? `brokers ${away(p)}` : "of its replicas", p.out_of_sync ? "warn" : "good");
    this.groups = p.group_list.map((g) => ({ ...g, name: g.group, cluster: this.cluster }));
    this.tiles.set("lag", ...worstGroupTile(this.groups));
    this.table.update();
  }
}

const standsAt = (p) => known(p.committed) ? whole(p.committed) : known(p.start) ? "all before " + whole(p.start) : "nothing";

// PositionPage is where a group stands in a partition.
class PositionPage extends SubjectPage {
  constructor(cluster, name) {
    super({ lag: "Lag", behind: "Records behind", rate: "Reads", at: "Committed" }, cluster, "position", name);
    this.begin();
  }

  show(p) {
    setMark(this.state, ...(p.member ? ["caught_up", "assigned"] : ["paused", "nobody reads"]));
    setParts(this.facts, p.member && `to ${p.member} · `, h("a", { href: toCluster(this.cluster, "partition", `${p.topic}/${p.partition}`) }, `${p.topic}-${p.partition}`), ` ends at ${whole(p.end)}`);
    this.tiles.set("lag", lagTime(p), "since the log ended where the group stands", known(p.lag_seconds) ? isLate(p) ? "warn" : "good" : "");
    this.tiles.set("behind", whole(p.lag_records), "to the end of the log");
    this.tiles.set("rate", show("rate", p.records_per_second), "as its committed offset moves");
    this.tiles.set("at", standsAt(p));
  }
}

class GroupPage extends SubjectPage {
  constructor(cluster, group) {
    super({ lag: "Lag", behind: "Records behind", rate: "Reads", members: "Members" }, cluster, "group", group);
    this.list = [];
    const at = (p) => [cluster, "position", `${p.topic}/${p.partition}/${group}`];
    this.members = h("tbody");
    this.more = h("p", { class: "aside", hidden: true });
    this.table = new Table({
      kind: "positions", title: "Partitions", label: "partitions", one: "partition", sort: "lag", height: 36, rows: () => this.list,
      none: () => "The group has committed nothing and nothing is assigned to it.",
      placeholder: "Filter by topic or member",
      columns: [
        { id: "position", title: "Partition", width: 200, left: true, compare: byPartition },
        { id: "lag", title: "Lag", width: 112, compare: worstGroup, cell: lagTime, late: isLate },
        { id: "behind", title: "Records behind", width: 116, drop: 1, compare: larger((p) => p.lag_records), cell: (p) => whole(p.lag_records) },
        { id: "committed", title: "Committed", width: 116, drop: 3, compare: larger((p) => p.committed ?? p.start), cell: standsAt },
        { id: "end", title: "Ends at", width: 116, drop: 4, compare: larger((p) => p.end), cell: (p) => whole(p.end) },
        { id: "member", title: "Assigned to", width: 180, drop: 2, compare: (a, b) => a.member.localeCompare(b.member), cell: (p) => p.member || "nobody" },
        { id: "spark", title: "Lag, last hour", width: 136, drop: 5, spark: true },
      ],
      id: partitionId, compare: byPartition, name: (p) => `${p.topic}-${p.partition}`,
      href: (p) => toCluster(...at(p)), key: (p) => clusterKey(...at(p)) + "/lag_records",
      words: (p) => `${p.topic}-${p.partition} ${p.member || "nobody"}`,
    });
    this.content.append(this.part(this.table), group.startsWith("__") ? "" : this.part(new CopiesTable(cluster, group)), plain("Members", [["Client"], ["Host"], ["Partitions", true], ["Assigned"]], this.members), this.more);
    this.begin();
  }

  show(g) {
    setMark(this.state, ...groupMark(g));
    setText(this.facts, [g.type && g.type + " group", g.protocol && "assignor " + g.protocol, known(g.coordinator) && g.coordinator >= 0 && `coordinator is broker ${g.coordinator}`, g.topics.length && `reads ${g.topics.join(", ")}`, g.note].filter(Boolean).join(" · "));
    this.tiles.set("lag", lagTime(g), "of the partition furthest behind", known(g.lag_seconds) ? isLate(g) ? "warn" : "good" : "");
    this.tiles.set("behind", whole(g.lag_records), "in all partitions");
    this.tiles.set("rate", show("rate", g.records_per_second), g.type === "share" ? "by which its partitions' starts move on" : "as the committed offsets say");
    this.tiles.set("members", whole(g.members), g.members ? "" : "nobody reads now", g.members ? "" : g.lag_records > 0 ? "warn" : "");
    this.list = g.partition_list;
    this.table.update();
    const count = (m) => m.assigned.reduce((n, a) => n + a.partitions.length, 0);
    this.members.replaceChildren(...g.member_list.map((m) => h("tr", {}, h("td", {}, m.client_id || m.id, h("span", { class: "under" }, m.instance_id ? "static " + m.instance_id : m.id)), h("td", {}, m.host), cells(whole(count(m))),
      h("td", { class: "value" }, m.assigned.map((a) => `${a.topic} ${a.partitions.join(", ")}`).join("; ") || "nothing"))));
    if (!g.member_list.length) this.members.replaceChildren(h("tr", {}, h("td", { colspan: 4, class: "aside" }, "The group has no member now: nobody reads, and what it has committed stays until it expires.")));
    const left = [g.partitions_left_out && plural(g.partitions_left_out, "partition", "partitions"), g.members_left_out && plural(g.members_left_out, "member", "members")].filter(Boolean);
    this.more.hidden = !left.length;
    setText(this.more, `${left.join(" and ")} more are not listed.`);
  }
}

// ClusterGraphPage is one graph of a cluster, or of something in it, large.
class ClusterGraphPage extends ClusterSubject {
  constructor(id, cluster, kind, name) {
    super(cluster, kind, name, [CLUSTER_GRAPHS[id].title]);
    this.content.append(this.reason, this.graph(id, this.subject, { large: true }, POLL / 1000));
    this.begin();
  }
  get numbers() { return "The newest numbers are"; }
}

// ClustersGraphPage is one graph of all clusters, large.
class ClustersGraphPage extends Page {
  constructor(id) {
    super();
    this.box = h("div");
    this.reason = h("p", { class: "reason", hidden: true });
    this.element.append(this.crumbs([CLUSTER_GRAPHS[id].title]), this.reason, this.box);
    this.parts.push(new Poll("clusters", ({ clusters }) => {
      const away = clusters.filter((c) => c.state === "unreachable");
      setText(this.reason, away.map((c) => `Cluster ${c.name} does not answer: ${c.reason || "it is not known why"}.`).join(" "));
      this.reason.hidden = !away.length;
      if (this.feed.graphs.length) return;
      const subjects = clusters.filter((c) => c.state !== "off").map((c) => ({ label: c.name, key: clusterKey(c.name) })).sort((a, b) => a.label.localeCompare(b.label));
      this.box.replaceChildren(subjects.length ? this.feed.add(reading(id, subjects.slice(0, 6), { large: true })) : empty("No cluster is looked at: set monitor.enabled: true in the configuration."));
      this.feed.refresh();
    }, (e) => { if (!this.feed.graphs.length) this.box.replaceChildren(empty("The clusters' numbers cannot be read: " + e.message)); }));
  }

  update() {}
}
