// The pages. Each is made once and then updated with every message: an object with
// an element, update() and close().

// Page gathers what most pages have: graphs that are fed, and parts to close.
class Page {
  constructor() {
    this.feed = new Feed();
    this.parts = [];
    this.element = h("div", { class: "page" });
  }
  part(p) { this.parts.push(p); return p.element; }
  // graph adds a graph of one subject, which draws what the page sees where there is
  // no history; a number of the subject comes every step seconds.
  graph(id, subject, o, step = 2) {
    const element = this.feed.add(reading(id, [subject], o)), g = this.feed.graphs.at(-1);
    g.field = fieldOf(GRAPHS[id] || CLUSTER_GRAPHS[id]);
    g.live = new Live(g, step);
    g.live.other = isWatched(subject.key);
    return element;
  }
  // saw tells these graphs what is so now.
  saw(document) { for (const g of this.feed.graphs) g.live.add(document[g.field]); }
  close() { this.feed.close(); for (const p of this.parts) p.close(); }
  crumbs(...steps) {
    const items = [["Overview", "#/"], ...steps];
    return h("nav", { class: "crumbs", "aria-label": "Where you are" }, items.map(([text, href], i) =>
      i === items.length - 1 ? h("h1", { "aria-current": "page" }, text) : [h("a", { href }, text), h("span", { "aria-hidden": "true" }, "›")]));
  }
}

// Tiles are the big numbers.
class Tiles {
  constructor(titles) {
    this.tiles = Object.fromEntries(Object.entries(titles).map(([id, title]) => [id, { value: h("b", {}, DASH), under: h("span", { class: "under" }), title }]));
    this.element = h("section", { class: "tiles", "aria-label": "Numbers" }, Object.entries(this.tiles).map(([id, t]) =>
      t.element = h("div", { class: "tile", id: "tile-" + id }, h("h2", {}, t.title), t.value, t.under)));
  }
  set(id, value, under, mood) {
    const t = this.tiles[id];
    setText(t.value, value);
    setText(t.under, under || "");
    t.under.title = under || "";
    setAttribute(t.element, "class", "tile " + (mood || ""));
  }
}

const sum = (list, f) => list.some((x) => known(f(x))) ? list.reduce((n, x) => n + (f(x) ?? 0), 0) : null;
const most = (list, f) => list.reduce((m, x) => known(f(x)) && (m === null || f(x) > f(m)) ? x : m, null);
const lagMood = (s) => !known(s) ? "" : s >= 300 ? "bad" : s >= 30 ? "warn" : "good";

// isWatched says that other mirrors copy the route that a subject is, or is in.
const isWatched = (key) => store.head.routes.some((r) => r.watched && (key + "/").startsWith(r.name + "/"));

// reading gives a graph of one id for some subjects: [{label, key}].
function reading(id, subjects, o) {
  const g = GRAPHS[id] || CLUSTER_GRAPHS[id];
  const lines = Object.entries(g.metrics);
  const series = subjects.length > 1
    ? subjects.map((s) => ({ label: s.label, key: `${s.key}/${lines[0][0]}` })) // of several routes only the first line
    : lines.map(([metric, label]) => ({ label: label || subjects[0].label, key: `${subjects[0].key}/${metric}` }));
  const title = subjects.length > 1 && lines[0][1] ? `${g.title} ${lines[0][1]}` : g.title;
  const meaning = subjects.length === 1 && isWatched(subjects[0].key) ? g.meaning.replace(COUNTED, "told by those that copy") : g.meaning;
  return new Graph({ title, unit: g.unit, meaning, series, ...o });
}

// recordsBehind says how far a route is behind, as far as that is known.
const recordsBehind = (r) => known(r.lag_seconds) || r.lag_records ? plural(r.lag_records, "record", "records") + " behind" : "not known";

class Overview extends Page {
  constructor() {
    super();
    this.tiles = new Tiles({ throughput: "Throughput", lag: "Worst lag", latency: "p99 latency", catchup: "Time to catch up", trouble: "Losses and errors, 1 h", verify: "Last verify" });
    this.map = new RouteMap();
    this.events = new EventList();
    this.table = new TopicTable();
    this.graphs = h("section", { class: "graphs", "aria-label": "Graphs" });
    this.look = new ClusterLook(this.feed, (clusters) => this.map.tell(clusters));
    this.element.append(
      this.top = h("div", { class: "top" }, card("Clusters and routes", {}, this.part(this.map)), card("Events", { class: "card events" }, this.part(this.events))),
      this.tiles.element, this.graphs, this.part(this.table), this.part(this.look), this.part(this.losses = new LossList()));
    this.drawn = "";
  }

  update() {
    const { routes, recent } = store.head;
    this.look.alone(!routes.length);
    for (const e of [this.top, this.tiles.element, this.graphs, this.table.element]) e.hidden = !routes.length;
    if (!routes.length) return;
    this.map.update(routes);
    this.tiles.set("throughput", show("bytes", sum(routes, (r) => r.bytes_per_second)), recordRate(sum(routes, (r) => r.records_per_second)));
    const last = most(routes, (r) => r.lag_seconds);
    this.tiles.set("lag", show("seconds", last && last.lag_seconds), last ? `${routes.length > 1 ? last.name + ", " : ""}${recordsBehind(last)}` : "not known of any route", lagMood(last && last.lag_seconds));
    const slow = most(routes, (r) => r.latency_p99_seconds);
    this.tiles.set("latency", show("seconds", slow && slow.latency_p99_seconds), slow ? "from the source's answer to the target's" : "nothing was copied just now");
    const late = most(routes, (r) => r.catch_up_seconds);
    const growing = routes.filter((r) => known(r.lag_seconds) && r.lag_seconds >= 5 && !known(r.catch_up_seconds));
    if (growing.length) this.tiles.set("catchup", DASH, `${growing.map((r) => r.name).join(", ")} ${growing.length > 1 ? "do" : "does"} not catch up`, "warn");
    else this.tiles.set("catchup", show("seconds", late && late.catch_up_seconds), late && late.catch_up_seconds > 0 ? "at the present rate" : routes.every((r) => known(r.lag_seconds)) ? "keeps up" : "the lag is not known");
    const parts = [[recent.losses, "loss", "losses"], [recent.errors, "stop", "stops"], [recent.warnings, "wait", "waits"]].filter(([n]) => n).map((p) => plural(...p));
    this.tiles.set("trouble", parts[0] || "0", parts.slice(1).join(", ") || (parts.length ? "nothing else" : "nothing lost, stopped or waiting"), recent.losses + recent.errors ? "bad" : recent.warnings ? "warn" : "good");
    this.tiles.set("verify", ...verifyTile(routes));
    this.table.update();
    this.events.update();
    this.losses.update();
    this.update_graphs(routes);
  }

  update_graphs(routes) {
    const names = routes.map((r) => r.name).join("\n");
    if (names === this.drawn) return;
    this.drawn = names;
    for (const g of this.feed.graphs.splice(0)) g.close();
    const subjects = routes.map((r) => ({ label: r.name, key: r.name }));
    const many = subjects.slice(0, 6);
    this.graphs.replaceChildren(...(many.length ? ["throughput", "lag", "latency"].map((id) => this.feed.add(reading(id, many, { href: "#/graph/" + id }))) : []));
    this.feed.refresh();
  }
}

// verifyTile is the last comparison of a route; of several the one to worry about:
// one that found something, else one that was never made, else the oldest.
function verifyTile(routes) {
  const bad = (v) => v.differences > 0 || v.unread > 0;
  const worry = (r) => !r.last_verify ? [1, 0] : [bad(r.last_verify) ? 0 : 2, Date.parse(r.last_verify.time)];
  const [r] = routes.map((x) => [x, worry(x)]).sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]).map(([x]) => x);
  if (!r) return [DASH, "no routes"];
  const of = routes.length > 1 ? r.name + ": " : "";
  const v = r.last_verify;
  if (!v) return ["never", of + "mirror verify compares both sides", ""];
  const result = v.differences ? plural(v.differences, "record differs", "records differ") : v.unread ? plural(v.unread, "partition", "partitions") + " not compared" : plural(v.records, "record", "records") + " equal";
  return [moment(v.time), `${of}${result}${v.lost ? `, ${whole(v.lost)} lost` : ""}`, bad(v) ? "bad" : "good"];
}

function topicsTile(topics) {
  const count = (state) => topics.filter((t) => t.state === state).length;
  const bad = [["stopped", count("stopped")], ["waiting", count("waiting")], ["paused", count("paused")]].filter(([, n]) => n);
  const fine = topics.length - bad.reduce((n, [, m]) => n + m, 0);
  return [bad.length ? `${whole(fine)} of ${whole(topics.length)}` : whole(topics.length), bad.length ? bad.map(([w, n]) => `${whole(n)} ${w}`).join(", ") : topics.length ? "all are copied" : "none yet",
    count("stopped") ? "bad" : count("waiting") ? "warn" : topics.length ? "good" : ""];
}

class RoutePage extends Page {
  constructor(name) {
    super();
    this.name = name;
    this.tiles = new Tiles({ throughput: "Throughput", lag: "Lag", latency: "p99 latency", catchup: "Time to catch up", losses: "Losses, ever", verify: "Last verify", topics: "Topics" });
    this.state = chip("");
    this.resting = chip("paused", "");
    this.ends = h("span", { class: "ends" });
    this.reason = h("p", { class: "reason", hidden: true });
    this.events = new EventList(name);
    this.table = new TopicTable(name);
    const subject = [{ label: name, key: name }];
    this.processes = h("tbody");
    this.fleet = card("Processes", { hidden: true }, h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Process"),
      ["Throughput", "Records", "Lanes", "Heard of"].map((t) => h("th", { class: "n" }, t)), h("th", {}, ""))), this.processes)));
    this.actions = new Actions(name);
    this.element.append(this.crumbs([name]), h("p", { class: "lead" }, this.state, this.resting, this.ends, this.actions.element), this.reason, this.tiles.element,
      h("section", { class: "graphs", "aria-label": "Graphs" }, Object.keys(GRAPHS).filter((id) => !isWatched(name) || !["latency", "age"].includes(id)).map((id) => this.feed.add(reading(id, subject, { href: toGraph(id, name) })))),
      this.part(this.table), this.fleet, card("Events", { class: "card events" }, this.part(this.events)), this.part(this.losses = new LossList(name)));
    this.feed.refresh();
  }

  update() {
    const r = store.head.routes.find((x) => x.name === this.name);
    if (!r) return missing(this.element, noRoute(this.name));
    setChip(this.state, r.state);
    setText(this.resting, resting(r));
    setParts(this.ends, h("a", { href: toCluster(r.from) }, r.from), " → ", h("a", { href: toCluster(r.to) }, r.to), r.watched ? " · other mirrors copy it, this one only watches" : "");
    this.actions.update();
    setText(this.reason, r.reason);
    this.reason.hidden = !r.reason;
    this.tiles.set("throughput", show("bytes", r.bytes_per_second), recordRate(r.records_per_second) + (r.limit.bytes_per_second ? `, at most ${show("bytes", r.limit.bytes_per_second)}` : ""));
    this.tiles.set("lag", show("seconds", r.lag_seconds), recordsBehind(r), lagMood(r.lag_seconds));
    this.tiles.set("latency", show("seconds", r.latency_p99_seconds), "from the source's answer to the target's");
    this.tiles.set("catchup", show("seconds", r.catch_up_seconds), known(r.catch_up_seconds) ? "at the present rate" : known(r.lag_seconds) && r.lag_seconds >= 5 ? "it does not catch up" : "");
    this.tiles.set("losses", whole(r.losses), r.losses ? "entries of the loss ledger" : "the loss ledger is empty", r.losses ? "bad" : "good");
    this.tiles.set("verify", ...verifyTile([r]));
    this.tiles.set("topics", ...topicsTile([...store.topics.values()].filter((t) => t.route === this.name)));
    this.table.update();
    this.events.update();
    this.losses.update();
    this.showFleet(r);
  }

  // showFleet lists the processes where there are others. Their graphs are on
  // their own pages: history is what each has seen itself.
  showFleet(r) {
    const others = otherProcesses(r);
    this.fleet.hidden = !others.length;
    if (this.fleet.hidden) return;
    const n = (v) => h("td", { class: "n" }, v);
    this.processes.replaceChildren(...r.processes.map((p) => h("tr", {}, h("td", {}, others.includes(p) && /^https?:/.test(p.url) ? h("a", { href: p.url, rel: "noreferrer" }, p.process) : p.process),
      n(show("bytes", p.bytes_per_second)), n(show("rate", p.records_per_second)), n(p.lanes ? whole(p.lanes.length) : "stands by"), n(others.includes(p) ? seconds(Math.round(p.age_seconds)) + " ago" : "this one"),
      h("td", {}, p.silent ? h("span", { class: "why" }, "silent: it may be gone") : ""))));
  }
}

// otherProcesses are those of a route's fleet but this one, which comes first and of
// a route that is only watched is no part of it.
const otherProcesses = (r) => r.watched ? r.processes : r.processes.slice(1);

// missing replaces a page whose subject is gone.
function missing(element, text) {
  if (element.dataset.missing) return;
  element.dataset.missing = "yes";
  element.replaceChildren(h("div", { class: "card empty-page" }, h("h1", {}, text), h("p", {}, "It may have been removed, or the address has a slip. "), h("p", {}, h("a", { href: "#/" }, "To the overview"))));
}

const noRoute = (name) => `There is no route ${name}.`;
const noTopic = (o) => `Route ${o.route} has no topic ${o.topic}.`;
const findTopic = (route, topic) => [...store.topics.values()].find((t) => t.route === route && t.source === topic);

// Partitions asks for the partitions of one topic while somebody looks at them.
class Partitions {
  constructor(route, topic, found) {
    Object.assign(this, { route, topic, found, busy: false, closed: false });
  }
  close() { this.closed = true; }
  async refresh() {
    if (this.busy || this.closed || document.hidden) return;
    this.busy = true;
    try {
      const s = await ask(`status?route=${part(this.route)}&topic=${part(this.topic)}`);
      const topics = s.routes.flatMap((r) => r.topics);
      if (!this.closed) this.found(topics.flatMap((t) => t.partitions.map((p) => ({ ...p, target: t.target }))));
    } catch { /* the stream says when the connection is lost */ } finally { this.busy = false; }
  }
}

class TopicPage extends Page {
  constructor(route, topic) {
    super();
    Object.assign(this, { route, topic });
    this.tiles = new Tiles({ throughput: "Throughput", lag: "Lag", behind: "Records behind", partitions: "Partitions" });
    this.state = chip("");
    this.ends = h("span", { class: "ends" });
    this.reason = h("p", { class: "reason", hidden: true });
    this.body = h("tbody");
    this.events = new EventList(route, topic);
    const subject = { label: topic, key: `${route}/${topic}` };
    this.actions = new Actions(route, topic);
    this.element.append(this.crumbs([route, toRoute(route)], [topic]), h("p", { class: "lead" }, this.state, this.ends, this.actions.element), this.reason, this.tiles.element,
      h("section", { class: "graphs two", "aria-label": "Graphs" }, TOPIC_GRAPHS.map((id) => this.graph(id, subject, { href: toGraph(id, route, topic) }))),
      card("Partitions", {}, h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {},
        ["Partition", "State"].map((t) => h("th", {}, t)), ["Lag", "Records behind", "Copied up to", "Source ends at", "Target offset", "Lane"].map((t) => h("th", { class: "n" }, t)), h("th", {}, "Copied by"))), this.body))),
      card("Events", { class: "card events" }, this.part(this.events)), this.part(this.losses = new LossList(route, topic)));
    this.asking = new Partitions(route, topic, (list) => this.show(list));
    this.parts.push(this.asking);
    this.feed.refresh();
  }

  update() {
    const t = findTopic(this.route, this.topic);
    if (!t) return missing(this.element, noTopic(this));
    setChip(this.state, t.state);
    const { from, to } = store.head.routes.find((r) => r.name === this.route) || {};
    setParts(this.ends, from, " ", h("a", { href: toCluster(from, "topic", t.source) }, t.source), ` → ${to} `, h("a", { href: toCluster(to, "topic", t.target) }, t.target));
    this.actions.update();
    setText(this.reason, t.reason);
    this.reason.hidden = !t.reason;
    this.tiles.set("throughput", show("bytes", t.bytes_per_second), recordRate(t.records_per_second));
    this.tiles.set("lag", show("seconds", t.lag_seconds), "oldest record not copied yet", lagMood(t.lag_seconds));
    this.tiles.set("behind", whole(t.lag_records), known(t.source_end) && t.source_end >= 0 ? `of offsets up to ${whole(t.source_end)} in all` : "");
    this.tiles.set("partitions", whole(t.partitions));
    this.saw(t);
    this.events.update();
    this.losses.update();
    this.asking.refresh();
  }

  show(list) {
    list.sort((a, b) => badness(b.state) - badness(a.state) || b.lag_records - a.lag_records || a.partition - b.partition);
    if (list.every((p) => badness(p.state) <= 1)) list.sort((a, b) => a.partition - b.partition);
    const shown = list.slice(0, 500);
    const n = (v) => h("td", { class: "n" }, v);
    this.body.replaceChildren(...shown.map((p) => h("tr", {},
      h("td", {}, p.partition < 0 ? DASH : h("a", { href: toPartition(this.route, this.topic, p.partition) }, String(p.partition))),
      h("td", {}, chip(p.state), p.reason ? h("span", { class: "under why" }, p.reason) : null),
      n(show("seconds", p.lag_seconds)), n(whole(p.lag_records)), n(whole(p.source_offset)), n(whole(p.source_end)), n(whole(p.target_offset)), n(whole(p.lane)), h("td", {}, p.owner || "nobody now"))),
    list.length > shown.length ? h("tr", {}, h("td", { colspan: 9 }, `and ${whole(list.length - shown.length)} more; mirror status --topic ${this.topic} -o wide lists all`)) : "");
  }
}

class PartitionPage extends Page {
  constructor(route, topic, number) {
    super();
    Object.assign(this, { route, topic, number });
    this.tiles = new Tiles({ throughput: "Throughput", lag: "Lag", behind: "Records behind", source: "Copied up to", end: "Source ends at", target: "Target offset", owner: "Copied by" });
    this.state = chip("");
    this.reason = h("p", { class: "reason", hidden: true });
    this.elsewhere = h("p", { class: "reason note-line", hidden: true });
    this.events = new EventList(route, topic, number);
    const subject = { label: `partition ${number}`, key: `${route}/${topic}/${number}` };
    this.element.append(this.crumbs([route, toRoute(route)], [topic, toTopic(route, topic)], [subject.label]), h("p", { class: "lead" }, this.state), this.reason, this.elsewhere, this.tiles.element,
      h("section", { class: "graphs two", "aria-label": "Graphs" }, TOPIC_GRAPHS.map((id) => this.graph(id, subject, ofPartition(id, { href: toGraph(id, route, topic, number) })))),
      this.why = h("p", { class: "aside", hidden: true }),
      card("Events", { class: "card events" }, this.part(this.events)));
    this.feed.graphs[0].told = (why) => { setText(this.why, why); this.why.hidden = !why; };
    this.asking = new Partitions(route, topic, (list) => this.show(list.find((p) => p.partition === number)));
    this.parts.push(this.asking);
    this.feed.refresh();
  }

  update() { this.events.update(); this.asking.refresh(); }

  show(p) {
    if (!p) return missing(this.element, noPartition(this));
    setChip(this.state, p.state);
    setText(this.reason, p.reason);
    this.reason.hidden = !p.reason;
    copiedElsewhere(this, p);
    this.tiles.set("throughput", show("bytes", p.bytes_per_second), known(p.records_per_second) ? recordRate(p.records_per_second) : "");
    this.tiles.set("lag", show("seconds", p.lag_seconds), "oldest record not copied yet", lagMood(p.lag_seconds));
    this.tiles.set("behind", whole(p.lag_records));
    this.tiles.set("source", whole(p.source_offset), "next source offset");
    this.tiles.set("end", whole(p.source_end), "last stable offset or high watermark");
    this.tiles.set("target", whole(p.target_offset), p.target);
    this.tiles.set("owner", p.owner || "nobody now", `lane ${whole(p.lane)}`);
    this.saw(p);
  }
}

const noPartition = (o) => `Topic ${o.topic} of route ${o.route} has no partition ${o.number}.`;

// copiedElsewhere says whose page has the history of a partition that another
// process of the fleet copies, and links it where that can be.
function copiedElsewhere({ elsewhere, route, feed }, p) {
  const r = store.head.routes.find((x) => x.name === route);
  const other = r && otherProcesses(r).find((o) => o.process === p.owner);
  elsewhere.hidden = !r || !r.processes.length || !p.owner || !r.watched && p.owner === r.processes[0].process;
  for (const g of feed.graphs) g.live.other = !elsewhere.hidden || isWatched(route);
  setParts(elsewhere, other && /^https?:/.test(other.url) ? h("a", { href: other.url, rel: "noreferrer" }, p.owner) : p.owner, " copies this partition and records its history. Here are only the points of times when this process copied it.");
}

// A partition has the graphs of a topic.
const ofPartition = (id, o) => ({ ...o, meaning: GRAPHS[id].meaning.replace(", of the partition furthest behind", "") });

// GraphPage is one graph, large: of all routes, a route, a topic or a partition.
class GraphPage extends Page {
  constructor(id, route, topic, number) {
    super();
    Object.assign(this, { id, route, topic, number });
    const steps = [], g = GRAPHS[id];
    if (route !== undefined) steps.push([route, toRoute(route)]);
    if (topic !== undefined) steps.push([topic, toTopic(route, topic)]);
    if (number !== undefined) steps.push([`partition ${number}`, toPartition(route, topic, number)]);
    this.box = h("div");
    this.reason = h("p", { class: "reason", hidden: true });
    this.elsewhere = h("p", { class: "reason note-line", hidden: true });
    this.element.append(this.crumbs(...steps, [g.title]), this.reason, this.elsewhere, this.box);
    if (route === undefined) return;
    const subject = { label: steps.at(-1)[0], key: [route, topic, number].filter((x) => x !== undefined).join("/") };
    this.box.append(topic === undefined ? this.feed.add(reading(id, [subject], { large: true })) : this.graph(id, subject, number === undefined ? { large: true } : ofPartition(id, { large: true })));
    if (number !== undefined) this.parts.push(this.asking = new Partitions(route, topic, (list) => this.show(list.find((p) => p.partition === number), noPartition(this))));
    this.feed.refresh();
  }

  update() {
    const { routes } = store.head, { route, topic } = this;
    if (this.asking) return void this.asking.refresh();
    if (topic !== undefined) return this.show(findTopic(route, topic), noTopic(this));
    if (route !== undefined) return this.show(routes.find((r) => r.name === route), noRoute(route));
    const names = routes.slice(0, 6).map((r) => r.name);
    if (names.join("\n") === this.drawn) return;
    this.drawn = names.join("\n");
    for (const g of this.feed.graphs.splice(0)) g.close();
    this.box.replaceChildren(names.length ? this.feed.add(reading(this.id, names.map((r) => ({ label: r, key: r })), { large: true })) : empty("No route is configured, so there is nothing to draw."));
    this.feed.refresh();
  }

  // show says what is wrong with the subject, which would explain a hole.
  show(subject, gone) {
    if (!subject) return missing(this.element, gone);
    setText(this.reason, subject.reason);
    this.reason.hidden = !subject.reason;
    if (this.number !== undefined) copiedElsewhere(this, subject);
    if (this.topic !== undefined) this.saw(subject);
  }
}
