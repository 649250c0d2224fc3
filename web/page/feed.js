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
    if (g.live && g.live.standIn(missing, found.span)) return;
    g.set({ ...found.span, rows }, missing ? "Nothing is recorded yet: the first points come with the next measurement." : "");
  }
}

// points asks for series in a window.
async function points(keys, window) {
  const series = new Map();
  let span = null;
  for (let i = 0; i < keys.length; i += ASKED) {
    const query = keys.slice(i, i + ASKED).map((k) => "&series=" + part(k)).join("");
    const d = await ask(`history?window=${window}${query}`);
    span = { room: d.room, free: d.free, memory: d.in_memory, start: d.start, step: d.step_seconds, bridge: Math.max(Math.ceil(d.interval_seconds / d.step_seconds), 1) };
    for (const s of d.series) series.set(s.series, s);
  }
  return { span, series };
}

// whyLive says why there is nothing but what the browser sees, and the way out.
const whyLive = ({ room, free, memory }, other) => other ? "Live only: another process records its history."
  : free >= ROOM ? "Live only so far: its history begins when it is first measured."
  : `Live only: the history has room for ${whole(room)} series, and all of it is taken. web.history.series in the configuration gives more${memory ? ", and web.history.path a file for it" : ""}; what is drawn here is what this browser has seen.`;
const ROOM = 7; // series of a topic, a group or a partition, at most

// What this browser has seen of a series stays, so that a graph goes on when it is
// opened large: [time, value], the newest of the last hour.
const witnessed = new Map();
const WITNESSED = 64, AN_HOUR = 3600;

// Live draws what the browser itself has seen, for what has no history. A value
// comes every step seconds.
class Live {
  constructor(graph, step) {
    Object.assign(this, { graph, step, on: false, other: false });
    const key = graph.o.series[0].key;
    this.seen = witnessed.get(key) || [];
    witnessed.delete(key);
    witnessed.set(key, this.seen);
    if (witnessed.size > WITNESSED) witnessed.delete(witnessed.keys().next().value);
  }

  // standIn says whether to draw in place of history, which may be missing.
  standIn(missing, span) {
    this.on = missing;
    this.graph.only(missing ? whyLive(span, this.other) : "");
    if (missing) this.draw();
    else delete this.graph.newest;
    return missing;
  }

  add(value) {
    const now = Math.floor(Date.now() / 1000);
    this.seen.push([now, known(value) && value >= 0 ? value : null]);
    while (this.seen[0][0] < now - AN_HOUR) this.seen.shift();
    if (this.on) this.draw();
  }

  draw() {
    const { step, seen } = this;
    const start = seen.length ? seen[0][0] : Math.floor(Date.now() / 1000);
    const avg = Array(Math.max(150, Math.floor((seen.length ? seen.at(-1)[0] - start : 0) / step) + 1)).fill(null);
    for (const [at, value] of seen) avg[Math.floor((at - start) / step)] = value;
    this.graph.newest = () => { const last = Math.floor(((seen.length ? seen.at(-1)[0] : start) - start) / step); for (let k = last; k >= 0 && k > last - 5; k--) if (known(avg[k])) return k; return -1; };
    this.graph.set({ start, step, bridge: 3, rows: [{ min: avg, avg, max: avg }] });
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
