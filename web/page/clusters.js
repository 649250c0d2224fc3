// The clusters themselves: what their documents say, in words, and what the
// overview shows of them.

// What has a graph. The metric of each is also a field of the subject's document,
// where none is named.
const CLUSTER_GRAPHS = {
  produced: { title: "Records", unit: "rate", metrics: { records_per_second: "" },
    meaning: "Offsets by which the logs grew, per second. Markers of transactions count, too." },
  size: { title: "On disk", unit: "size", metrics: { bytes: "" },
    meaning: "Bytes in the brokers' log directories, every replica counted." },
  "under-replicated": { title: "Under-replicated partitions", unit: "count", metrics: { under_replicated: "" },
    meaning: "Partitions with fewer replicas in sync than assigned. Of a broker: those in which its own replica is not in sync." },
  offline: { title: "Offline partitions", unit: "count", metrics: { offline: "" },
    meaning: "Partitions without a leader: nobody can write or read them." },
  "log-records": { title: "In the log", unit: "count", metrics: { log_records: "" }, field: "records",
    meaning: "Offsets between the start and the end of the log, of a topic of all its logs." },
  brokers: { title: "Brokers", unit: "count", metrics: { brokers: "" }, field: "broker_count",
    meaning: "Brokers that are online." },
  topics: { title: "Topics", unit: "count", metrics: { topics: "" }, field: "topic_count",
    meaning: "Topics of the cluster, also those that are not looked at." },
  "all-partitions": { title: "Partitions", unit: "count", metrics: { partitions: "" }, field: "partition_count",
    meaning: "Partitions of all topics." },
  partitions: { title: "Partitions", unit: "count", metrics: { partitions: "" },
    meaning: "Partitions of the topic." },
  "out-of-sync": { title: "Replicas out of sync", unit: "count", metrics: { out_of_sync: "" },
    meaning: "Replicas of the partition that are assigned and not in sync." },
  groups: { title: "Consumer groups", unit: "count", metrics: { groups: "" }, field: "group_count",
    meaning: "Consumer groups, also those that are not looked at." },
  "worst-group": { title: "Lag of the worst group", unit: "seconds", metrics: { lag_seconds: "" },
    meaning: "How long ago the log ended where the group stands now that is furthest behind." },
  disk: { title: "Fullest disk", unit: "share", metrics: { disk_used_ratio: "" }, field: "disk_used",
    meaning: "How full the fullest volume with log directories of the broker is." },
  leaders: { title: "Leaders", unit: "count", metrics: { leaders: "" },
    meaning: "Partitions that the broker leads." },
  replicas: { title: "Replicas", unit: "count", metrics: { replicas: "" },
    meaning: "Partitions that the broker has a replica of." },
  reads: { title: "Reads", unit: "rate", metrics: { records_per_second: "" },
    meaning: "Offsets by which the group's committed offsets moved on, per second." },
  members: { title: "Members", unit: "count", metrics: { members: "" },
    meaning: "Consumers that are members of the group." },
  "group-lag": { title: "Lag in time", unit: "seconds", metrics: { lag_seconds: "" },
    meaning: "How long ago the log ended where the group stands now; of several partitions that of the one furthest behind." },
  "group-behind": { title: "Lag in records", unit: "count", metrics: { lag_records: "" },
    meaning: "Offsets between where the group stands and where the partitions end." },
};

// Kinds of subjects: how the API calls several of them, and their graphs.
const KINDS = {
  cluster: { graphs: ["produced", "size", "worst-group", "under-replicated", "offline", "brokers", "topics", "all-partitions", "groups"] },
  broker: { many: "brokers", graphs: ["produced", "size", "disk", "leaders", "replicas", "under-replicated"] },
  topic: { many: "topics", graphs: ["produced", "size", "log-records", "worst-group", "partitions", "under-replicated", "offline"] },
  group: { many: "groups", graphs: ["group-lag", "group-behind", "reads", "members"] },
  partition: { graphs: ["produced", "size", "log-records", "out-of-sync"] }, // its name is TOPIC/NUMBER
  position: { graphs: ["group-lag", "group-behind", "reads"] }, // where a group stands: TOPIC/NUMBER/GROUP
};

const fieldOf = (g) => g.field || Object.keys(g.metrics)[0];

// Of a subject: the document, the series and the address of a large graph. A group
// may be called "..": what no path can carry goes into the query.
function clusterPath(cluster, kind, name) {
  const { topic, number, group } = placeOf(kind, name) || {};
  return `clusters/${part(cluster)}` + (!kind ? "" : kind === "partition" ? `/topics?name=${part(topic)}&partition=${number}`
    : kind === "position" ? `/groups?name=${part(group)}&topic=${part(topic)}&partition=${number}` : `/${KINDS[kind].many}?name=${part(name)}`);
}
const clusterKey = (cluster, kind, name) => "cluster:" + cluster + (kind ? `/${kind}:${name}` : "");
const clusterGraph = (id, cluster, kind, name) => `#/graph/${id}` + toCluster(cluster, kind, name).slice(1);

// placeOf takes apart the name of a partition or a position; null where it is none.
function placeOf(kind, name) {
  const found = { partition: /^([^/]+)\/(\d+)$/, position: /^([^/]+)\/(\d+)\/(.*)$/s }[kind]?.exec(name);
  return found ? { topic: found[1], number: found[2], group: found[3] } : null;
}

// lagTime is how far behind a group is; it may have been before anybody looked.
const lagTime = (g) => (g.lag_seconds_at_least && known(g.lag_seconds) ? "≥ " : "") + show("seconds", g.lag_seconds);

// magnitude makes numbers the same that differ a little, for rows must not dance.
const magnitude = (v) => v > 0 ? Math.ceil(Math.log2(v)) : 0;

const ORDER = { unreachable: 3, starting: 2, ok: 1 };
const worstCluster = (a, b) => (ORDER[b.state] || 0) - (ORDER[a.state] || 0) || b.offline - a.offline || b.under_replicated - a.under_replicated;
const worstReplicas = (a, b) => (b.offline || 0) - (a.offline || 0) || b.under_replicated - a.under_replicated;
const worstGroup = (a, b) => lateness(b) - lateness(a) || magnitude(b.lag_records) - magnitude(a.lag_records);

// Marks: the class and the word of a state.
function clusterMark(c) {
  if (c.state === "unreachable") return ["stopped", "unreachable"];
  if (c.state !== "ok") return c.state === "starting" ? ["starting", "first look"] : ["paused", "not looked at"];
  return replicaMark(c);
}
const replicaMark = (t) => t.offline ? ["stopped", "offline"] : t.under_replicated ? ["waiting", "under-replicated"] : ["caught_up", "healthy"];
const brokerMark = (b) => b.online === false ? ["stopped", "gone"] : b.under_replicated ? ["waiting", "behind"] : ["caught_up", "in sync"];
function groupMark(g) {
  const text = g.state.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  if (text === "stable") return ["caught_up", text];
  if (/rebalanc|assign|reconcil/.test(text)) return ["starting", text.replace(/^(preparing|completing) /, "")];
  return [g.lag_records > 0 ? "waiting" : "paused", text || "unknown"];
}

// typeWords names a group's type where it is not what everybody knows.
const typeWords = (g) => g.type === "share" || g.type === "streams" ? g.type + " group" : "";

// noGroups says why there is no group in some clusters. Brokers leave out those
// that may not be described, and a cluster that may be described has all.
function noGroups(clusters) {
  const unsure = clusters.filter((c) => c && c.time && c.group_listing !== "all");
  if (!unsure.length) return "No consumer group yet. Groups that match monitor.groups in the configuration appear here by themselves.";
  return `No consumer group, or none that ${unsure[0].principal} may describe on ${unsure.map((c) => c.name).join(", ")}: brokers leave out the others without saying so. Describe on the cluster shows all.`;
}

// troubles says in words what is wrong with replicas.
function troubles(t) {
  const of = (n, what) => n ? `${plural(n, "partition", "partitions")} ${what}` : "";
  return [of(t.offline, "without a leader"), of(t.under_replicated, "under-replicated")].filter(Boolean).join(", ");
}

// topicsOf is how many topics a cluster has for people: those of its list, or all,
// where they are too many for one.
const topicsOf = (c) => c.topics_listed || c.topic_count;

// leftOut says which topics are not in the list of a cluster.
function leftOut(c) {
  if (!c.topics_listed) return c.topic_count ? "not listed one by one" : "";
  const other = c.topic_count - c.topics_listed - c.topics_internal;
  return [c.topics_internal && `${whole(c.topics_internal)} internal`, other && `${whole(other)} outside of monitor.topics`].filter(Boolean).map((t, i) => (i ? "" : "without ") + t).join(" and ");
}

// clusterTable lists clusters.
function clusterTable(rows, none) {
  const count = (c, v) => c.time ? whole(v) : DASH;
  const number = (id, title, width, drop, f, late) => ({ id, title, width, drop, compare: larger(f), cell: (c) => count(c, f(c)), late });
  return new Table({
    kind: "clusters", title: "Clusters", label: "clusters", one: "cluster", sort: "state", rows, none,
    columns: [
      { id: "cluster", title: "Cluster", width: 200, left: true, compare: (a, b) => a.name.localeCompare(b.name) },
      { id: "state", title: "State", width: 138, left: true, compare: worstCluster, mark: clusterMark },
      number("offline", "Offline", 78, 3, (c) => c.offline, (c) => c.offline > 0),
      number("under", "Under-replicated", 130, 5, (c) => c.under_replicated, (c) => c.under_replicated > 0),
      number("brokers", "Brokers", 78, 2, (c) => c.broker_count),
      number("topics", "Topics", 78, 2, topicsOf),
      number("partitions", "Partitions", 92, 4, (c) => c.partition_count),
      number("groups", "Groups", 78, 3, (c) => c.group_count),
      { id: "rate", title: "Records", width: 92, drop: 1, compare: larger((c) => c.records_per_second), cell: (c) => show("rate", c.records_per_second) },
      { id: "size", title: "On disk", width: 100, drop: 4, compare: larger((c) => c.bytes), cell: (c) => show("size", c.bytes) },
    ],
    id: (c) => c.name, compare: (a, b) => a.name.localeCompare(b.name),
    name: (c) => c.name,
    href: (c) => toCluster(c.name),
    under: (c) => [c.reason || c.notes.join(" ") || c.id, !!c.reason],
    words: (c) => `${c.name} ${c.id} ${clusterMark(c)[1]}`,
  });
}

// GroupTable lists consumer groups; each knows its cluster. They are those of all
// clusters, of one, or of one topic, in which a group has no state.
class GroupTable extends Table {
  constructor(scope, rows, none) {
    const ofTopic = scope === "topic";
    super({
      kind: "groups", title: "Consumer groups", label: "consumer groups", one: "group", sort: "lag", rows, none,
      placeholder: ofTopic ? "Filter by group" : "Filter by group, topic or state",
      height: ofTopic ? 36 : 52,
      columns: [
        { id: "group", title: "Group", width: 200, left: true, compare: (a, b) => a.name.localeCompare(b.name) },
        { id: "state", title: "State", width: 118, left: true, drop: 2, compare: (a, b) => a.state.localeCompare(b.state), mark: groupMark },
        { id: "lag", title: "Lag", width: 112, compare: worstGroup, cell: lagTime, late: isLate },
        { id: "behind", title: "Records behind", width: 116, drop: 1, compare: larger((g) => g.lag_records), cell: (g) => whole(g.lag_records) },
        { id: "rate", title: "Reads", width: 92, drop: 4, compare: larger((g) => g.records_per_second), cell: (g) => show("rate", g.records_per_second) },
        { id: "members", title: "Members", width: 88, drop: 3, compare: larger((g) => g.members), cell: (g) => whole(g.members) },
        { id: "spark", title: "Lag, last hour", width: 136, drop: 5, spark: true },
      ].filter((c) => !ofTopic || !["state", "rate", "spark"].includes(c.id)),
      id: (g) => g.cluster + "\n" + g.name,
      compare: (a, b) => a.name.localeCompare(b.name) || a.cluster.localeCompare(b.cluster),
      name: (g) => called(g.name),
      href: (g) => toCluster(g.cluster, "group", g.name),
      under: ofTopic ? null : (g) => [(scope === "all" ? g.cluster + ": " : "") + (typeWords(g) && typeWords(g) + ", ") + (g.topics.length ? g.topics.join(", ") : "reads no topic"), false],
      words: (g) => ofTopic ? g.name : [g.name, g.cluster, groupMark(g)[1], typeWords(g), ...g.topics].join(" "),
      key: !ofTopic ? (g) => `${clusterKey(g.cluster, "group", g.name)}/lag_records` : null,
    });
  }
}

// ClusterLook is what the overview shows of the clusters: all of them in a table,
// and the groups of all, worst first. Where there is no route it is the whole page.
class ClusterLook {
  constructor(feed, changed) {
    Object.assign(this, { feed, changed, groups: [] });
    this.tiles = new Tiles({ clusters: "Clusters", brokers: "Brokers", offline: "Offline partitions", under: "Under-replicated", rate: "Records", size: "On disk", group: "Worst group" });
    this.graphs = h("section", { class: "graphs", "aria-label": "Graphs" });
    this.says = "Loading …";
    this.list = clusterTable(() => this.looked, () => this.says);
    this.looked = [];
    this.table = new GroupTable("all", () => this.groups, () => this.trouble || noGroups(this.looked));
    this.table.element.hidden = true;
    this.element = h("div", { class: "page" }, this.tiles.element, this.graphs, this.list.element, this.table.element);
    this.alone(false);
    this.list.update();
    this.poll = new Poll("clusters", (d) => this.take(d.clusters), (e) => { this.says = "The clusters' numbers cannot be read: " + e.message; this.list.update(); });
  }

  close() { this.poll.close(); this.list.close(); this.table.close(); }

  // alone says that there is nothing else on the page.
  alone(yes) { this.single = yes; this.tiles.element.hidden = this.graphs.hidden = !yes; }

  async take(clusters) {
    const looked = clusters.filter((c) => c.state !== "off");
    this.looked = looked.length ? clusters : [];
    this.says = [...new Set(clusters.flatMap((c) => c.notes))].join(" ") || "No cluster is looked at: set monitor.enabled: true in the configuration.";
    this.list.update();
    if (this.single) this.showAlone(looked);
    this.changed(clusters);
    this.trouble = "";
    const found = await Promise.all(looked.filter((c) => c.group_count).map((c) => ask(clusterPath(c.name) + "/groups")
      .then((d) => d.groups.map((g) => ({ ...g, cluster: c.name })), (e) => { this.trouble = `The groups of ${c.name} cannot be read: ${e.message}`; return []; })));
    if (this.poll.closed) return;
    this.groups = found.flat().filter((g) => !g.name.startsWith("__mirror_")); // those of the fleet itself are on the cluster's page
    this.table.element.hidden = !looked.length;
    this.table.update();
    if (this.trouble) { setText(this.table.note, this.trouble); this.table.note.hidden = false; }
    if (this.single) this.tiles.set("group", ...worstGroupTile(this.groups));
  }

  showAlone(looked) {
    const total = (f) => sum(looked, (c) => c.time ? f(c) : null);
    const fine = looked.filter((c) => c.state === "ok").length, offline = total((c) => c.offline), under = total((c) => c.under_replicated);
    this.tiles.set("clusters", fine < looked.length ? `${whole(fine)} of ${whole(looked.length)}` : whole(fine), fine < looked.length ? "the others do not answer" : "all answer", fine < looked.length ? "bad" : "good");
    this.tiles.set("brokers", whole(total((c) => c.broker_count)), `${plural(total(topicsOf), "topic", "topics")}, ${plural(total((c) => c.partition_count), "partition", "partitions")}`);
    this.tiles.set("offline", whole(offline), "partitions without a leader", offline ? "bad" : offline === 0 ? "good" : "");
    this.tiles.set("under", whole(under), "partitions with a replica out of sync", under ? "warn" : under === 0 ? "good" : "");
    this.tiles.set("rate", show("rate", total((c) => c.records_per_second)), "written to all clusters");
    this.tiles.set("size", show("size", total((c) => c.bytes)), "every replica counted");
    const names = looked.map((c) => c.name).sort().slice(0, 6);
    if (names.join("\n") === this.drawn || !names.length) return;
    this.drawn = names.join("\n");
    const subjects = names.map((c) => ({ label: c, key: clusterKey(c) }));
    this.graphs.replaceChildren(...["produced", "size", "under-replicated"].map((id) => this.feed.add(reading(id, subjects, { href: "#/graph/" + id }))));
    this.feed.refresh();
  }
}

// worstGroupTile is the tile of the group furthest behind.
function worstGroupTile(groups) {
  const [g] = groups.slice().sort(worstGroup);
  if (!g) return [DASH, "no consumer group"];
  return [lagTime(g), `${g.name}, ${plural(g.lag_records, "record", "records")} behind`, isLate(g) ? "warn" : known(g.lag_seconds) ? "good" : ""];
}
