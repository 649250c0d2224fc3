// The table of topics: worst first, filtered, and with elements only for the rows
// that can be seen, so that a thousand topics cost no more than thirty.

const ROW = 52; // px, as in the style

const COLUMNS = [
  { id: "topic", title: "Topic", compare: (a, b) => a.source.localeCompare(b.source) },
  { id: "state", title: "State", compare: (a, b) => worst(a, b) },
  { id: "lag", title: "Lag", compare: (a, b) => (b.lag_seconds ?? -1) - (a.lag_seconds ?? -1), cell: (t) => show("seconds", t.lag_seconds) },
  { id: "behind", title: "Records behind", compare: (a, b) => b.lag_records - a.lag_records, cell: (t) => whole(t.lag_records) },
  { id: "rate", title: "Records", compare: (a, b) => (b.records_per_second ?? -1) - (a.records_per_second ?? -1), cell: (t) => show("rate", t.records_per_second) },
  { id: "bytes", title: "Throughput", compare: (a, b) => (b.bytes_per_second ?? -1) - (a.bytes_per_second ?? -1), cell: (t) => show("bytes", t.bytes_per_second) },
  { id: "partitions", title: "Partitions", compare: (a, b) => b.partitions - a.partitions, cell: (t) => whole(t.partitions) },
  { id: "spark", title: "Lag, last hour" },
];

const byName = (a, b) => a.source.localeCompare(b.source) || a.route.localeCompare(b.route) || a.target.localeCompare(b.target);

// worst compares by state, then by how far behind. Lags below a second differ all
// the time and mean nothing; rows must not dance for them.
function worst(a, b) {
  const late = (t) => known(t.lag_seconds) && t.lag_seconds >= 1 ? t.lag_seconds : 0;
  const fine = (t) => Math.max(badness(t.state), STATES.indexOf("copying")); // caught up and copying change places all the time
  return fine(b) - fine(a) || late(b) - late(a);
}

class TopicTable {
  constructor(route) {
    this.route = route; // undefined: of all routes
    this.sort = COLUMNS[1];
    this.rows = new Map(); // elements by id of the topic
    this.list = [];
    this.sparks = new Map(); // points by key
    this.filter = h("input", { type: "search", id: "filter", placeholder: "Filter by name, route or state", "aria-label": "Filter topics", oninput: () => { this.scroller.scrollTop = 0; this.update(); } });
    this.count = h("span", { class: "count", role: "status" });
    this.heads = COLUMNS.map((c) => h("div", { role: "columnheader", class: "c-" + c.id },
      c.compare ? h("button", { type: "button", onclick: () => this.sortBy(c) }, c.title) : c.title));
    this.body = h("div", { class: "rows", role: "rowgroup" });
    this.note = h("p", { class: "empty", hidden: true });
    this.scroller = h("div", { class: "scroller", tabindex: 0, "aria-label": "Topics", onscroll: () => this.later(), onkeydown: (e) => this.key(e) },
      h("div", { class: "row head", role: "row" }, this.heads), this.body);
    this.grid = h("div", { class: "grid", role: "table", "aria-label": "Topics, worst first" }, this.scroller);
    this.element = card(null, { class: "card topics" }, h("div", { class: "card-head" }, h("h2", {}, "Topics"), this.count, this.filter), this.grid, this.note);
    this.resize = new ResizeObserver(() => this.later());
    this.resize.observe(this.scroller);
    this.timer = setInterval(() => this.fetchSparks(true), 30000);
  }

  close() {
    this.resize.disconnect();
    clearInterval(this.timer);
    clearTimeout(this.sparkTimer);
  }

  sortBy(column) {
    this.reversed = this.sort === column && !this.reversed;
    this.sort = column;
    this.update();
  }

  update() {
    const all = [...store.topics.values()].filter((t) => this.route === undefined || t.route === this.route);
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.list = all.filter((t) => {
      const text = `${t.source} ${t.target} ${t.route} ${word(t.state)}`.toLowerCase();
      return words.every((w) => text.includes(w));
    });
    this.list.sort((a, b) => (this.reversed ? -1 : 1) * this.sort.compare(a, b) || byName(a, b));
    setText(this.count, words.length ? `${whole(this.list.length)} of ${whole(all.length)}` : whole(all.length));
    this.heads.forEach((e, i) => setAttribute(e, "aria-sort", COLUMNS[i] !== this.sort ? "none" : this.reversed ? "ascending" : "descending"));
    const none = !all.length ? "No topic is copied yet. Topics of the source that match the route's patterns appear here by themselves; mirror plan says which match and why others do not."
      : !this.list.length ? "No topic matches this filter." : "";
    setText(this.note, none);
    this.note.hidden = !none;
    this.grid.hidden = !!none;
    this.grid.classList.toggle("one-route", this.route !== undefined || (store.head && store.head.routes.length < 2));
    this.body.style.height = this.list.length * ROW + "px";
    this.draw();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const top = this.scroller.scrollTop, height = this.scroller.clientHeight || 600;
    const first = Math.max(Math.floor(top / ROW) - 4, 0), last = Math.min(Math.ceil((top + height) / ROW) + 4, this.list.length);
    const keep = new Set();
    for (let i = first; i < last; i++) {
      const t = this.list[i], id = topicId(t.route, t.source, t.target);
      keep.add(id);
      let row = this.rows.get(id);
      if (!row) {
        this.rows.set(id, row = new TopicRow(t));
        this.body.append(row.element);
      }
      row.update(t, i, this.sparks.get(row.key));
    }
    for (const [id, row] of this.rows) {
      if (keep.has(id)) continue;
      if (row.element.contains(document.activeElement)) this.scroller.focus({ preventScroll: true });
      row.element.remove();
      this.rows.delete(id);
    }
    this.fetchSparks(false);
  }

  // fetchSparks asks for the last hour of the rows that are seen, once they rest.
  fetchSparks(again) {
    clearTimeout(this.sparkTimer);
    this.sparkTimer = setTimeout(async () => {
      const keys = [...this.rows.values()].map((r) => r.key).filter((k) => again || !this.sparks.has(k)).slice(0, ASKED);
      if (!keys.length || document.hidden || !this.scroller.isConnected) return;
      try {
        const found = await points(keys, "1h");
        for (const [key, s] of found.series) this.sparks.set(key, s);
        for (const row of this.rows.values()) row.draw(this.sparks.get(row.key));
      } catch { /* the large graphs say what is wrong */ }
    }, 250);
  }

  // key moves between rows.
  key(e) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const now = [...this.rows.values()].find((r) => r.element.contains(document.activeElement));
    const index = Math.min(Math.max(now ? now.index + step : Math.ceil(this.scroller.scrollTop / ROW), 0), this.list.length - 1);
    if (index < 0) return;
    const above = index * ROW, below = above + 2 * ROW - this.scroller.clientHeight;
    if (this.scroller.scrollTop > above) this.scroller.scrollTop = above;
    if (this.scroller.scrollTop < below) this.scroller.scrollTop = below;
    this.draw();
    for (const r of this.rows.values()) if (r.index === index) r.link.focus({ preventScroll: true });
  }
}

// TopicRow is one row of the table.
class TopicRow {
  constructor(t) {
    this.key = `${t.route}/${t.source}/lag_seconds`;
    this.link = h("a", { href: toTopic(t.route, t.source), title: t.source }, t.source);
    this.under = h("span", { class: "under" });
    this.state = chip(t.state);
    this.spark = h("canvas", { class: "spark", width: 120, height: 28, "aria-hidden": "true" });
    this.cells = COLUMNS.map((c) => {
      const inside = { topic: [this.link, this.under], state: [this.state], spark: [this.spark] }[c.id] || [];
      return h("div", { role: "cell", class: "c-" + c.id }, inside);
    });
    this.element = h("div", { class: "row", role: "row" }, this.cells);
  }

  update(t, index, spark) {
    this.index = index;
    const y = `translateY(${index * ROW}px)`;
    if (this.element.style.transform !== y) this.element.style.transform = y;
    setChip(this.state, t.state);
    setText(this.under, (troubled(t.state) || t.state === "paused") && t.reason ? `${t.route}: ${t.reason}` : `${t.route} → ${t.target}`);
    this.under.title = this.under.textContent;
    this.under.classList.toggle("why", troubled(t.state));
    COLUMNS.forEach((c, i) => { if (c.cell) setText(this.cells[i], c.cell(t)); });
    this.cells[2].classList.toggle("late", known(t.lag_seconds) && t.lag_seconds >= 60);
    if (spark && !this.drawn) this.draw(spark);
  }

  draw(s) {
    if (!s) return;
    this.drawn = true;
    const c = this.spark.getContext("2d"), { width, height } = this.spark;
    c.clearRect(0, 0, width, height);
    const values = s.max.filter(known);
    this.spark.title = values.length ? "" : s.recorded ? "nothing known yet" : "live only: there is no room for its history";
    if (!values.length) return;
    const most = Math.max(...values, 1);
    c.strokeStyle = colour("--series-1");
    c.lineWidth = 1.5;
    c.beginPath();
    let last = -9;
    s.max.forEach((v, i) => {
      if (!known(v)) return;
      const x = i / Math.max(s.max.length - 1, 1) * (width - 2) + 1, y = height - 2 - v / most * (height - 4);
      if (i - last > 7) c.moveTo(x, y); else c.lineTo(x, y);
      last = i;
    });
    c.stroke();
  }
}
