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
// has no history.
class Live {
  constructor(graph) {
    this.graph = graph;
    this.start = Math.floor(Date.now() / 1000);
    this.seen = [];
    graph.newest = (row) => { for (let k = this.seen.length - 1; k >= 0; k--) if (known(row.avg[k])) return k; return -1; };
  }

  add(value) {
    const step = 2, i = Math.floor((Date.now() / 1000 - this.start) / step);
    while (this.seen.length < i) this.seen.push(null);
    this.seen[i] = value;
    const length = Math.max(this.seen.length, 150);
    const avg = this.seen.concat(Array(length - this.seen.length).fill(null));
    this.graph.set({ start: this.start, step, bridge: 3, rows: [{ min: avg, avg, max: avg }] });
  }
}
