// Tables of many rows: worst first, filtered, and with elements only for the rows
// that can be seen, so that a thousand rows cost no more than thirty.

const PHONE = 96; // px that the first column always has

// A Table shows what o says:
//   kind, title     its class and its heading
//   label           what the rows are, for screen readers and the filter
//   columns         [{id, title, width, drop, left, compare, cell, mark, late, link, spark}], the first for the name; where
//                   there is no room, columns go by drop, the highest first
//   sort            id of the column to begin with
//   rows()          what there is
//   id(row)         tells rows apart
//   compare(a, b)   the order of rows that are the same otherwise
//   name(row), href(row), under(row)  the first column: a link, and [text, is it trouble] below it
//   words(row)      what the filter looks at
//   key(row)        series of the small graph
//   none(all)       what to say where there is nothing
//   height          of a row, px
class Table {
  constructor(o) {
    this.o = { height: 52, ...o };
    this.sort = o.columns.find((c) => c.id === o.sort);
    this.rows = new Map(); // elements by id
    this.list = [];
    this.sparks = new Map(); // points by key
    this.hidden = new Set(); // columns that have no room
    this.filter = h("input", { type: "search", class: "filter", placeholder: o.placeholder || "Filter", "aria-label": `Filter ${o.label}`, oninput: () => { this.scroller.scrollTop = 0; this.update(); } });
    this.count = h("span", { class: "count", role: "status" });
    this.heads = o.columns.map((c) => h("div", { role: "columnheader", class: cellClass(c) },
      c.compare ? h("button", { type: "button", onclick: () => this.sortBy(c) }, c.title) : c.title));
    this.body = h("div", { class: "rows", role: "rowgroup" });
    this.note = h("p", { class: "empty", hidden: true });
    this.scroller = h("div", { class: "scroller", tabindex: 0, "aria-label": o.title, onscroll: () => this.later(), onkeydown: (e) => this.key(e) },
      h("div", { class: "row head", role: "row" }, this.heads), this.body);
    this.grid = h("div", { class: "grid", role: "table", "aria-label": `${o.title}, worst first` }, this.scroller);
    this.grid.style.setProperty("--row", this.o.height + "px");
    this.element = card(null, { class: `card table ${o.kind}` }, h("div", { class: "card-head" }, h("h2", {}, o.title), this.count, this.filter), this.grid, this.note);
    this.resize = new ResizeObserver(() => this.later());
    this.resize.observe(this.scroller);
    if (o.key) this.timer = setInterval(() => this.fetchSparks(true), 30000);
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
    const all = this.o.rows();
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.list = !words.length ? all.slice() : all.filter((t) => {
      const text = this.o.words(t).toLowerCase();
      return words.every((w) => text.includes(w));
    });
    this.list.sort((a, b) => (this.reversed ? -1 : 1) * this.sort.compare(a, b) || this.o.compare(a, b));
    setText(this.count, words.length ? `${whole(this.list.length)} of ${whole(all.length)}` : whole(all.length));
    this.heads.forEach((e, i) => setAttribute(e, "aria-sort", this.o.columns[i] !== this.sort ? "none" : this.reversed ? "ascending" : "descending"));
    const none = !all.length ? this.o.none() : !this.list.length ? `No ${this.o.one} matches this filter.` : "";
    setText(this.note, none);
    this.note.hidden = !none;
    this.grid.hidden = !!none;
    this.filter.hidden = all.length < 2 && !words.length;
    this.body.style.height = this.list.length * this.o.height + "px";
    this.draw();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  // fit leaves columns out until the rest has room.
  fit() {
    const room = this.scroller.clientWidth;
    if (!room || room === this.fitted) return;
    this.fitted = room;
    const [first, ...others] = this.o.columns;
    let shown = others.slice();
    const needed = () => shown.reduce((n, c) => n + c.width, Math.min(first.width, room < 600 ? 120 : 200) + 32);
    while (needed() > room && shown.some((c) => c.drop)) {
      const next = shown.reduce((a, b) => (b.drop || 0) > (a.drop || 0) ? b : a);
      shown = shown.filter((c) => c !== next);
    }
    this.hidden = new Set(others.filter((c) => !shown.includes(c)));
    this.grid.style.setProperty("--columns", [`minmax(${PHONE}px, 1fr)`, ...shown.map((c) => c.width + "px")].join(" "));
    this.heads.forEach((e, i) => { e.hidden = this.hidden.has(this.o.columns[i]); });
  }

  draw() {
    this.fit();
    const size = this.o.height;
    const top = this.scroller.scrollTop, height = this.scroller.clientHeight || 600;
    const first = Math.max(Math.floor(top / size) - 4, 0), last = Math.min(Math.ceil((top + height) / size) + 4, this.list.length);
    const keep = new Set();
    for (let i = first; i < last; i++) {
      const t = this.list[i], id = this.o.id(t);
      keep.add(id);
      let row = this.rows.get(id);
      if (!row) {
        this.rows.set(id, row = new Row(this.o, t));
        this.body.append(row.element);
      }
      row.update(t, i, this.hidden, this.sparks.get(row.key));
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
    if (!this.o.key) return;
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
    const size = this.o.height;
    const now = [...this.rows.values()].find((r) => r.element.contains(document.activeElement));
    const index = Math.min(Math.max(now ? now.index + step : Math.ceil(this.scroller.scrollTop / size), 0), this.list.length - 1);
    if (index < 0) return;
    const above = index * size, below = above + 2 * size - this.scroller.clientHeight;
    if (this.scroller.scrollTop > above) this.scroller.scrollTop = above;
    if (this.scroller.scrollTop < below) this.scroller.scrollTop = below;
    this.draw();
    for (const r of this.rows.values()) if (r.index === index) r.link.focus({ preventScroll: true });
  }
}

const cellClass = (c) => `c-${c.id}${c.left ? " left" : ""}${c.spark ? " c-spark" : ""}`;

// A Row is one row of a table.
class Row {
  constructor(o, t) {
    this.o = o;
    this.key = o.key && o.key(t);
    this.link = o.href ? h("a", { class: "name", href: o.href(t), title: o.name(t) }, o.name(t)) : h("span", { class: "name", tabindex: -1 }, o.name(t));
    this.under = o.under && h("span", { class: "under" });
    this.state = h("span");
    this.spark = o.key && h("canvas", { class: "spark", width: 120, height: 28, "aria-hidden": "true" });
    this.cells = o.columns.map((c, i) => h("div", { role: "cell", class: cellClass(c) }, !i ? [this.link, this.under] : c.mark ? this.state : c.spark ? this.spark : []));
    this.element = h("div", { class: "row", role: "row" }, this.cells);
  }

  update(t, index, hidden, spark) {
    this.index = index;
    const y = `translateY(${index * this.o.height}px)`;
    if (this.element.style.transform !== y) this.element.style.transform = y;
    if (this.under) {
      const [text, bad] = this.o.under(t);
      setText(this.under, text);
      this.under.title = text;
      this.under.classList.toggle("why", !!bad);
    }
    this.o.columns.forEach((c, i) => {
      const e = this.cells[i];
      if (e.hidden !== hidden.has(c)) e.hidden = hidden.has(c);
      if (c.mark) setMark(this.state, ...c.mark(t));
      if (c.cell) setText(e, c.cell(t));
      if (c.late) e.classList.toggle("late", c.late(t));
    });
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

// The lines of comparison: the larger first, what is unknown last.
const larger = (f) => (a, b) => (f(b) ?? -1) - (f(a) ?? -1);

// Lags below a second differ all the time and mean nothing; rows must not dance
// for them.
const lateness = (t) => known(t.lag_seconds) && t.lag_seconds >= 1 ? t.lag_seconds : 0;
const isLate = (t) => known(t.lag_seconds) && t.lag_seconds >= 60;

// worst compares topics of routes by state, then by how far behind.
function worst(a, b) {
  const fine = (t) => Math.max(badness(t.state), STATES.indexOf("copying")); // caught up and copying change places all the time
  return fine(b) - fine(a) || lateness(b) - lateness(a);
}

// TopicTable lists the topics of a route, or of all.
class TopicTable extends Table {
  constructor(route) {
    super({
      kind: "topics", title: "Topics", label: "topics", one: "topic", sort: "state",
      placeholder: "Filter by name, route or state",
      columns: [
        { id: "topic", title: "Topic", width: 200, left: true, compare: (a, b) => a.source.localeCompare(b.source) },
        { id: "state", title: "State", width: 104, left: true, compare: worst, mark: (t) => [t.state, word(t.state)] },
        { id: "lag", title: "Lag", width: 112, compare: larger((t) => t.lag_seconds), cell: (t) => show("seconds", t.lag_seconds), late: isLate },
        { id: "behind", title: "Records behind", width: 116, drop: 1, compare: larger((t) => t.lag_records), cell: (t) => whole(t.lag_records) },
        { id: "rate", title: "Records", width: 92, drop: 3, compare: larger((t) => t.records_per_second), cell: (t) => show("rate", t.records_per_second) },
        { id: "bytes", title: "Throughput", width: 104, drop: 2, compare: larger((t) => t.bytes_per_second), cell: (t) => show("bytes", t.bytes_per_second) },
        { id: "partitions", title: "Partitions", width: 92, drop: 4, compare: larger((t) => t.partitions), cell: (t) => whole(t.partitions) },
        { id: "spark", title: "Lag, last hour", width: 136, drop: 5, spark: true },
      ],
      rows: () => [...store.topics.values()].filter((t) => route === undefined || t.route === route),
      id: (t) => topicId(t.route, t.source, t.target),
      compare: (a, b) => a.source.localeCompare(b.source) || a.route.localeCompare(b.route) || a.target.localeCompare(b.target),
      name: (t) => t.source,
      href: (t) => toTopic(t.route, t.source),
      under: (t) => (troubled(t.state) || t.state === "paused") && t.reason ? [`${t.route}: ${t.reason}`, troubled(t.state)] : [`${t.route} → ${t.target}`, false],
      words: (t) => `${t.source} ${t.target} ${t.route} ${word(t.state)}`,
      key: (t) => `${t.route}/${t.source}/lag_seconds`,
      none: () => "No topic is copied yet. Topics of the source that match the route's patterns appear here by themselves; mirror plan says which match and why others do not.",
    });
  }
}
