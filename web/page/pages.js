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

// reading gives a graph of one id for some subjects: [{label, key}].
function reading(id, subjects, o) {
  const g = GRAPHS[id] || CLUSTER_GRAPHS[id];
  const lines = Object.entries(g.metrics);
  const series = subjects.length > 1
    ? subjects.map((s) => ({ label: s.label, key: `${s.key}/${lines[0][0]}` })) // of several routes only the first line
    : lines.map(([metric, label]) => ({ label: label || subjects[0].label, key: `${subjects[0].key}/${metric}` }));
  const title = subjects.length > 1 && lines[0][1] ? `${g.title} ${lines[0][1]}` : g.title;
  return new Graph({ title, unit: g.unit, meaning: g.meaning, series, ...o });
}

const NOT_RECORDED = "Live only: there is no room for this topic's history. web.history.series in the configuration gives more.";

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
    this.tiles.set("lag", show("seconds", last && last.lag_seconds), `${routes.length > 1 && last ? last.name + ", " : ""}${plural(sum(routes, (r) => r.lag_records), "record", "records")} behind`, lagMood(last && last.lag_seconds));
    const slow = most(routes, (r) => r.latency_p99_seconds);
    this.tiles.set("latency", show("seconds", slow && slow.latency_p99_seconds), slow ? "from the source's answer to the target's" : "nothing was copied just now");
    const late = most(routes, (r) => r.catch_up_seconds);
    const growing = routes.filter((r) => known(r.lag_seconds) && r.lag_seconds >= 5 && !known(r.catch_up_seconds));
    if (growing.length) this.tiles.set("catchup", DASH, `${growing.map((r) => r.name).join(", ")} does not catch up`, "warn");
    else this.tiles.set("catchup", show("seconds", late && late.catch_up_seconds), late && late.catch_up_seconds > 0 ? "at the present rate" : "keeps up");
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
    this.ends = h("span", { class: "ends" });
    this.reason = h("p", { class: "reason", hidden: true });
    this.events = new EventList(name);
    this.table = new TopicTable(name);
    const subject = [{ label: name, key: name }];
    this.processes = h("tbody");
    this.fleet = card("Processes", { hidden: true }, h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Process"),
      ["Throughput", "Records", "Lanes", "Heard of"].map((t) => h("th", { class: "n" }, t)), h("th", {}, ""))), this.processes)));
    this.actions = new Actions(name);
    this.element.append(this.crumbs([name]), h("p", { class: "lead" }, this.state, this.ends, this.actions.element), this.reason, this.tiles.element,
      h("section", { class: "graphs", "aria-label": "Graphs" }, Object.keys(GRAPHS).map((id) => this.feed.add(reading(id, subject, { href: `#/graph/${id}/route/${part(name)}` })))),
      this.part(this.table), this.fleet, card("Events", { class: "card events" }, this.part(this.events)), this.part(this.losses = new LossList(name)));
    this.feed.refresh();
  }

  update() {
    const r = store.head.routes.find((x) => x.name === this.name);
    if (!r) return missing(this.element, `There is no route ${this.name}.`);
    setChip(this.state, r.state);
    setParts(this.ends, h("a", { href: toCluster(r.from) }, r.from), " → ", h("a", { href: toCluster(r.to) }, r.to));
    this.actions.update();
    setText(this.reason, r.reason);
    this.reason.hidden = !r.reason;
    this.tiles.set("throughput", show("bytes", r.bytes_per_second), recordRate(r.records_per_second) + (r.limit.bytes_per_second ? `, at most ${show("bytes", r.limit.bytes_per_second)}` : ""));
    this.tiles.set("lag", show("seconds", r.lag_seconds), `${plural(r.lag_records, "record", "records")} behind`, lagMood(r.lag_seconds));
    this.tiles.set("latency", show("seconds", r.latency_p99_seconds), "from the source's answer to the target's");
    this.tiles.set("catchup", show("seconds", r.catch_up_seconds), known(r.catch_up_seconds) ? "at the present rate" : known(r.lag_seconds) && r.lag_seconds >= 5 ? "it does not catch up" : "");
    this.tiles.set("losses", whole(r.losses), r.losses ? "entries of the loss ledger" : "the loss ledger is empty", r.losses ? "bad" : "good");
    this.tiles.set("verify", ...verifyTile([r]));
    this.tiles.set("topics", ...topicsTile([...store.topics.values()].filter((t) => t.route === this.name)));
    this.table.update();
    this.events.update();
    this.losses.update();
    this.showFleet(r.processes);
  }

  // showFleet lists the processes where there are several. Their graphs are on
  // their own pages: history is what each has seen itself.
  showFleet(processes) {
    this.fleet.hidden = processes.length < 2;
    if (this.fleet.hidden) return;
    const n = (v) => h("td", { class: "n" }, v);
    this.processes.replaceChildren(...processes.map((p, i) => h("tr", {}, h("td", {}, i && /^https?:/.test(p.url) ? h("a", { href: p.url, rel: "noreferrer" }, p.process) : p.process),
      n(show("bytes", p.bytes_per_second)), n(show("rate", p.records_per_second)), n(p.lanes ? whole(p.lanes.length) : "stands by"), n(i ? seconds(Math.round(p.age_seconds)) + " ago" : "this one"),
      h("td", {}, p.silent ? h("span", { class: "why" }, "silent: it may be gone") : ""))));
  }
}

// missing replaces a page whose subject is gone.
function missing(element, text) {
  if (element.dataset.missing) return;
  element.dataset.missing = "yes";
  element.replaceChildren(h("div", { class: "card empty-page" }, h("h1", {}, text), h("p", {}, "It may have been removed, or the address has a slip. "), h("p", {}, h("a", { href: "#/" }, "To the overview"))));
}

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
    const subject = [{ label: topic, key: `${route}/${topic}` }];
    this.actions = new Actions(route, topic);
    this.element.append(this.crumbs([route, toRoute(route)], [topic]), h("p", { class: "lead" }, this.state, this.ends, this.actions.element), this.reason, this.tiles.element,
      h("section", { class: "graphs two", "aria-label": "Graphs" }, TOPIC_GRAPHS.map((id) => this.feed.add(reading(id, subject, { href: `#/graph/${id}/route/${part(route)}/topic/${part(topic)}`, absent: NOT_RECORDED })))),
      card("Partitions", {}, h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {},
        ["Partition", "State"].map((t) => h("th", {}, t)), ["Lag", "Records behind", "Copied up to", "Source ends at", "Target offset", "Lane"].map((t) => h("th", { class: "n" }, t)), h("th", {}, "Copied by"))), this.body))),
      card("Events", { class: "card events" }, this.part(this.events)), this.part(this.losses = new LossList(route, topic)));
    this.asking = new Partitions(route, topic, (list) => this.show(list));
    this.parts.push(this.asking);
    this.feed.refresh();
  }

  update() {
    const t = [...store.topics.values()].find((x) => x.route === this.route && x.source === this.topic);
    if (!t) return missing(this.element, `Route ${this.route} has no topic ${this.topic}.`);
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
    this.tiles = new Tiles({ lag: "Lag", behind: "Records behind", source: "Copied up to", end: "Source ends at", target: "Target offset", owner: "Copied by" });
    this.state = chip("");
    this.reason = h("p", { class: "reason", hidden: true });
    const graph = (id, title, unit, meaning) => {
      const g = new Graph({ title, unit, meaning, series: [{ label: title, key: "" }] });
      this.parts.push(g);
      this[id] = new Live(g);
      return g.element;
    };
    this.events = new EventList(route, topic, number);
    this.element.append(this.crumbs([route, toRoute(route)], [topic, toTopic(route, topic)], [`partition ${number}`]), h("p", { class: "lead" }, this.state), this.reason, this.tiles.element,
      h("section", { class: "graphs", "aria-label": "Graphs since this page was opened" },
        graph("lag", "Lag in time", "seconds", GRAPHS.lag.meaning), graph("behind", "Lag in records", "count", GRAPHS.behind.meaning), graph("rate", "Offsets copied", "rate", "Source offsets that were copied or passed over, per second.")),
      h("p", { class: "aside" }, "Partitions have no history: these graphs begin when the page is opened. The ", h("a", { href: toTopic(route, topic) }, "topic's page"), " has the seven windows."),
      card("Events", { class: "card events" }, this.part(this.events)));
    this.asking = new Partitions(route, topic, (list) => this.show(list.find((p) => p.partition === number)));
    this.parts.push(this.asking);
  }

  update() { this.events.update(); this.asking.refresh(); }

  show(p) {
    if (!p) return missing(this.element, `Topic ${this.topic} of route ${this.route} has no partition ${this.number}.`);
    setChip(this.state, p.state);
    setText(this.reason, p.reason);
    this.reason.hidden = !p.reason;
    this.tiles.set("lag", show("seconds", p.lag_seconds), "oldest record not copied yet", lagMood(p.lag_seconds));
    this.tiles.set("behind", whole(p.lag_records));
    this.tiles.set("source", whole(p.source_offset), "next source offset");
    this.tiles.set("end", whole(p.source_end), "last stable offset or high watermark");
    this.tiles.set("target", whole(p.target_offset), p.target);
    this.tiles.set("owner", p.owner || "nobody now", `lane ${whole(p.lane)}`);
    const now = Date.now();
    this.lag.add(p.lag_seconds);
    this.behind.add(p.lag_records >= 0 ? p.lag_records : null);
    if (this.before && p.source_offset >= this.before.offset && this.before.offset >= 0) this.rate.add((p.source_offset - this.before.offset) / ((now - this.before.now) / 1000));
    this.before = { offset: p.source_offset, now };
  }
}

// GraphPage is one graph, large: of all routes, a route or a topic.
class GraphPage extends Page {
  constructor(id, route, topic) {
    super();
    Object.assign(this, { id, route, topic });
    const g = GRAPHS[id];
    const steps = [];
    if (route) steps.push([route, toRoute(route)]);
    if (topic) steps.push([topic, toTopic(route, topic)]);
    this.box = h("div");
    this.element.append(this.crumbs(...steps, [g.title]), this.box);
    if (route) this.draw([{ label: topic || route, key: topic ? `${route}/${topic}` : route }]);
  }

  draw(subjects) {
    this.box.replaceChildren(this.feed.add(reading(this.id, subjects, { large: true, absent: this.topic ? NOT_RECORDED : "" })));
    this.feed.refresh();
  }

  update() {
    if (this.route || this.drawn) return;
    this.drawn = true;
    this.draw(store.head.routes.slice(0, 6).map((r) => ({ label: r.name, key: r.name })));
  }
}
