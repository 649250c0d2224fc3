// A Feed keeps the graphs of a page filled: with one request for all of them, now
// and then again, and not while nobody sees the page.

const ASKED = 40; // series in one request

class Feed {
  constructor() {
    this.graphs = [];
    this.timer = 0;
    this.closed = false;
    this.seen = () => { if (!document.hidden) this.refresh(); };
    document.addEventListener("visibilitychange", this.seen);
  }

  add(graph) { this.graphs.push(graph); return graph.element; }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
    for (const g of this.graphs) g.close();
  }

  async refresh() {
    clearTimeout(this.timer);
    if (this.closed || document.hidden || !this.graphs.length) return;
    const run = this.run = (this.run || 0) + 1;
    const keys = [...new Set(this.graphs.flatMap((g) => g.o.series.map((s) => s.key)))];
    try {
      const found = await points(keys, settings.window);
      if (this.closed || run !== this.run) return;
      for (const g of this.graphs) this.fill(g, found);
    } catch (error) {
      if (this.closed || run !== this.run) return;
      for (const g of this.graphs) g.set(g.data, g.data ? "" : "History cannot be read: " + error.message);
    }
    this.timer = setTimeout(() => this.refresh(), ["1h", "2h", "4h"].includes(settings.window) ? 10000 : 60000);
  }

  fill(g, found) {
    const rows = g.o.series.map((s) => found.series.get(s.key));
    const missing = rows.every((r) => !r.recorded);
    if (g.live && g.live.standIn(missing)) return;
    g.set({ ...found.span, rows }, missing ? g.o.absent || "Nothing is recorded yet: the first points come with the next measurement." : "");
  }
}

// points asks for series in a window.
async function points(keys, window) {
  const series = new Map();
  let span = null;
  for (let i = 0; i < keys.length; i += ASKED) {
    const query = keys.slice(i, i + ASKED).map((k) => "&series=" + part(k)).join("");
    const d = await ask(`history?window=${window}${query}`);
    span = { start: d.start, step: d.step_seconds, bridge: Math.max(Math.ceil(d.interval_seconds / d.step_seconds), 1) };
    for (const s of d.series) series.set(s.series, s);
  }
  return { span, series };
}

// Live draws what the browser itself has seen since the page was opened, for what
// has no history. A value comes every step seconds.
class Live {
  constructor(graph, step = 2, on = true) {
    Object.assign(this, { graph, step, on, start: Math.floor(Date.now() / 1000), seen: [] });
  }

  // standIn says whether to draw in place of history, which may be missing.
  standIn(missing) {
    this.on = missing;
    setText(this.graph.aside, missing ? "live only" : "");
    if (missing) this.draw();
    else delete this.graph.newest;
    return missing;
  }

  add(value) {
    const i = Math.floor((Date.now() / 1000 - this.start) / this.step);
    while (this.seen.length < i) this.seen.push(null);
    this.seen[i] = value;
    if (this.on) this.draw();
  }

  draw() {
    const { step, seen } = this;
    this.graph.newest = (row) => { for (let k = seen.length - 1; k >= 0; k--) if (known(row.avg[k])) return k; return -1; };
    const length = Math.max(seen.length, 150);
    const avg = seen.concat(Array(length - seen.length).fill(null));
    this.graph.set({ start: this.start, step, bridge: 3, rows: [{ min: avg, avg, max: avg }] });
  }
}

const POLL = 10000; // ms between two requests of a document

// A Poll asks for a document of the API now and then again, and not while nobody
// sees the page.
class Poll {
  constructor(path, found, failed) {
    Object.assign(this, { path, found, failed, timer: 0, busy: false, closed: false });
    this.seen = () => this.refresh();
    document.addEventListener("visibilitychange", this.seen);
    this.refresh();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
  }

  async refresh() {
    clearTimeout(this.timer);
    if (this.closed || this.busy || document.hidden) return;
    this.busy = true;
    try {
      const found = await ask(this.path);
      if (!this.closed) await this.found(found);
    } catch (error) {
      if (!this.closed) this.failed(error);
    }
    this.busy = false;
    if (!this.closed) this.timer = setTimeout(() => this.refresh(), POLL);
  }
}
