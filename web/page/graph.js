// A graph of some series over time: a band from minimum to maximum and a line of
// means, with one cursor for all graphs of a page.

const cursor = { time: null, graphs: new Set() };

function moveCursor(time) {
  cursor.time = time;
  for (const g of cursor.graphs) g.later();
}

const SERIES_COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

// colour resolves a custom property, which a canvas cannot, once for each theme.
const resolved = new Map();
function colour(name) {
  if (!resolved.has(name)) {
    const probe = h("i", { hidden: true });
    document.body.append(probe);
    probe.style.color = `var(${name})`;
    resolved.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return resolved.get(name);
}
function forgetColours() {
  resolved.clear();
  for (const g of cursor.graphs) g.later();
}

class Graph {
  // o: title, unit, href of the large form, meaning, series [{label, key}], large
  constructor(o) {
    this.o = o;
    this.data = null; // {start, step, bridge, rows: [{min, avg, max}]}
    this.note = "";
    this.canvas = h("canvas", { class: "plot" });
    this.legend = h("div", { class: "legend" + (o.series.length > 1 ? " many" : "") });
    this.message = h("p", { class: "note", hidden: true });
    this.values = o.series.map((s, i) => {
      const value = h("b", {}, DASH);
      this.legend.append(h("span", { class: "key" }, h("i", { class: "swatch s" + i % 6 }), o.series.length > 1 || o.large ? s.label + " " : null, value));
      return value;
    });
    this.when = h("span", { class: "when" });
    this.aside = h("span", { class: "live-only" });
    this.why = h("p", { class: "reason", hidden: true });
    this.plot = h("div", { class: "plot-box", tabindex: 0, role: "img", "aria-label": o.title, onpointermove: (e) => this.pointed(e), onpointerdown: (e) => this.pointed(e),
      onpointerleave: () => moveCursor(null), onblur: () => moveCursor(null), onkeydown: (e) => this.key(e), ondblclick: () => this.open() }, this.canvas, this.message);
    this.element = h("section", { class: "card graph" + (o.large ? " large" : "") },
      h("div", { class: "graph-head" },
        h("h2", { title: o.meaning }, o.href ? h("a", { href: o.href, title: "Open large" }, o.title, h("span", { class: "open", "aria-hidden": "true" }, " ⤢")) : o.title),
        this.aside, this.when, this.legend),
      o.large ? this.why : null, this.plot, o.large && o.meaning ? h("p", { class: "meaning" }, o.meaning) : null);
    this.resize = new ResizeObserver(() => this.later());
    this.resize.observe(this.plot);
    cursor.graphs.add(this);
  }

  close() {
    this.resize.disconnect();
    cursor.graphs.delete(this);
  }

  // only says why there is no history, in a word or, where there is room, a sentence.
  only(why) {
    setText(this.aside, why && "live only");
    this.aside.title = why;
    setText(this.why, why);
    this.why.hidden = !why;
    if (this.told) this.told(why);
  }

  open() { if (this.o.href) location.hash = this.o.href; }

  set(data, note) {
    this.data = data;
    this.note = note || "";
    this.later();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  pointed(e) {
    const box = this.canvas.getBoundingClientRect(), area = this.area;
    if (!area || !this.data) return;
    const x = Math.min(Math.max(e.clientX - box.left, area.left), area.right);
    moveCursor(area.from + (x - area.left) / (area.right - area.left) * (area.to - area.from));
  }

  key(e) {
    if (e.key === "Enter") return this.open();
    const d = this.data;
    if (!d || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(e.key)) return;
    e.preventDefault();
    const { from, to } = this.area, now = cursor.time ?? to;
    const jump = Math.max(d.step * 1000, (to - from) / 200);
    const next = { ArrowLeft: now - jump, ArrowRight: now + jump, Home: from, End: to }[e.key];
    moveCursor(Math.min(Math.max(next, from), to));
  }

  // index is the point nearest to a time, -1 for none.
  index(time) {
    const d = this.data, n = d.rows.reduce((m, r) => Math.max(m, r.avg.length), 0);
    const i = Math.floor((time / 1000 - d.start) / d.step);
    return i >= 0 && i < n ? i : -1;
  }

  // at is what a row knew at a point, or just before it.
  at(row, i) {
    for (let k = i; k >= 0 && k >= i - this.data.bridge; k--) if (known(row.avg[k])) return k;
    return -1;
  }

  draw() {
    const box = this.plot.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(box.width), height = Math.round(box.height);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const c = this.canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    const points = this.data ? this.data.rows.some((r) => r.avg.some(known)) : false;
    setText(this.message, this.note || (this.data && !points ? "Nothing is known for this time yet." : this.data ? "" : "Loading …"));
    this.message.hidden = this.message.textContent === "";
    this.readout();
    if (!points) { this.area = null; return; }
    this.axes(c, width, height);
    for (let i = this.data.rows.length - 1; i >= 0; i--) this.series(c, this.data.rows[i], colour(SERIES_COLOURS[i % 6]));
    this.line(c);
  }

  axes(c, width, height) {
    const d = this.data, n = d.rows.reduce((m, r) => Math.max(m, r.avg.length), 0);
    let most = 0;
    for (const r of d.rows) for (const v of r.max) if (v > most) most = v;
    // Where all is zero the axis has to end somewhere; and there is no half record.
    const step = most ? Math.max(tick(most, Math.max(2, Math.floor(height / 48)), UNITS[this.o.unit].steps), this.o.unit === "count" ? 1 : 0) : 1;
    const top = Math.max(Math.ceil(most / step - 1e-9), 1) * step;
    c.font = "11px " + getComputedStyle(document.body).fontFamily;
    c.textBaseline = "middle";
    let left = 0;
    for (let v = 0; v <= top + step / 2; v += step) left = Math.max(left, c.measureText(show(this.o.unit, v)).width);
    this.area = { left: Math.max(Math.ceil(left), 52) + 10, right: width - 8, top: 8, bottom: height - 22, from: d.start * 1000, to: (d.start + n * d.step) * 1000, max: top };
    const a = this.area;
    c.lineWidth = 1;
    for (let v = 0; v <= top + step / 2; v += step) {
      const y = Math.round(this.y(v)) + 0.5;
      c.strokeStyle = colour("--grid");
      c.beginPath(); c.moveTo(a.left, y); c.lineTo(a.right, y); c.stroke();
      c.fillStyle = colour("--muted");
      c.textAlign = "right";
      c.fillText(show(this.o.unit, v), a.left - 6, y);
    }
    c.textAlign = "center";
    let free = -Infinity;
    for (const t of times(a.from, a.to, Math.max(2, Math.floor((a.right - a.left) / 80)))) {
      const x = Math.round(this.x(t.at)) + 0.5, half = c.measureText(t.text).width / 2;
      c.beginPath(); c.moveTo(x, a.bottom); c.lineTo(x, a.bottom + 4); c.stroke();
      const middle = Math.min(Math.max(x, a.left + half), a.right - half);
      if (middle - half < free) continue;
      c.fillText(t.text, middle, a.bottom + 13);
      free = middle + half + 8;
    }
  }

  x(ms) { const a = this.area; return a.left + (ms - a.from) / (a.to - a.from) * (a.right - a.left); }
  y(v) { const a = this.area; return a.bottom - v / a.max * (a.bottom - a.top); }

  // series draws runs of points; a hole ends a run, unless it is no longer than
  // the time between two measurements.
  series(c, row, ink) {
    const d = this.data, runs = [];
    let run = null, last = -Infinity;
    for (let i = 0; i < row.avg.length; i++) {
      if (!known(row.avg[i])) continue;
      if (i - last > d.bridge + 1) runs.push(run = []);
      run.push(i);
      last = i;
    }
    const x = (i) => this.x((d.start + (i + 0.5) * d.step) * 1000);
    c.lineJoin = "round";
    for (const r of runs) {
      c.globalAlpha = 0.18;
      c.fillStyle = ink;
      c.beginPath();
      for (const i of r) c.lineTo(x(i), this.y(row.max[i]));
      for (const i of r.slice().reverse()) c.lineTo(x(i), this.y(row.min[i]));
      c.fill();
      c.globalAlpha = 1;
      c.strokeStyle = c.fillStyle = ink;
      c.lineWidth = 1.75;
      c.beginPath();
      if (r.length === 1) { c.arc(x(r[0]), this.y(row.avg[r[0]]), 2, 0, 7); c.fill(); continue; }
      for (const i of r) c.lineTo(x(i), this.y(row.avg[i]));
      c.stroke();
    }
  }

  line(c) {
    const a = this.area;
    if (cursor.time === null || cursor.time < a.from || cursor.time > a.to) return;
    const i = this.index(cursor.time);
    const x = Math.round(this.x(cursor.time)) + 0.5;
    c.strokeStyle = colour("--muted");
    c.setLineDash([3, 3]);
    c.beginPath(); c.moveTo(x, a.top); c.lineTo(x, a.bottom); c.stroke();
    c.setLineDash([]);
    this.data.rows.forEach((row, n) => {
      const k = i < 0 ? -1 : this.at(row, i);
      if (k < 0) return;
      c.fillStyle = colour(SERIES_COLOURS[n % 6]);
      c.beginPath(); c.arc(this.x((this.data.start + (k + 0.5) * this.data.step) * 1000), this.y(row.avg[k]), 3.5, 0, 7); c.fill();
    });
  }

  // readout shows the values under the cursor, or the newest.
  readout() {
    const d = this.data;
    const i = d && cursor.time !== null && d.rows.length ? this.index(cursor.time) : -1;
    setText(this.when, i >= 0 ? instant((d.start + i * d.step) * 1000, d.step) : "");
    const said = [];
    this.values.forEach((e, n) => {
      const row = d && d.rows[n];
      const k = !row ? -1 : i >= 0 ? this.at(row, i) : this.newest(row);
      let text = k < 0 ? DASH : show(this.o.unit, row.avg[k]);
      if (k >= 0 && i >= 0 && row.max[k] > row.min[k]) text += ` (${show(this.o.unit, row.min[k])} to ${show(this.o.unit, row.max[k])})`;
      setText(e, text);
      said.push(`${this.o.series[n].label} ${text}`);
    });
    setAttribute(this.plot, "aria-label", `${this.o.title}: ${said.join(", ")}`);
  }

  newest(row) {
    for (let k = row.avg.length - 1; k >= 0 && k >= row.avg.length - 2 - this.data.bridge; k--) if (known(row.avg[k])) return k;
    return -1;
  }
}

// tick is a step of an axis that makes at most n ticks.
function tick(most, n, steps) {
  if (steps && most > 1) for (const s of steps) if (most / s <= n) return s;
  const size = 10 ** Math.floor(Math.log10(most / n));
  for (const m of [1, 2, 5, 10]) if (most / (m * size) <= n) return m * size;
  return 10 * size;
}

// times are the ticks of a time axis in local time, at most n.
function times(from, to, n) {
  const minute = 60000, hour = 60 * minute, oneDay = 24 * hour;
  const step = [minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 4 * hour, 6 * hour, 12 * hour,
    oneDay, 2 * oneDay, 7 * oneDay, 14 * oneDay, 31 * oneDay, 61 * oneDay, 92 * oneDay].find((s) => (to - from) / s <= n) || 183 * oneDay;
  const ticks = [];
  const d = new Date(from);
  d.setHours(0, 0, 0, 0);
  if (step >= 31 * oneDay) d.setDate(1);
  while (d.getTime() <= to) {
    const at = d.getTime();
    if (at >= from) ticks.push({ at, text: step >= 31 * oneDay ? `${MONTHS[d.getMonth()]} ${d.getFullYear()}` : step >= oneDay || (clock(d) === "00:00") ? day(d) : clock(d) });
    if (step >= 31 * oneDay) d.setMonth(d.getMonth() + Math.round(step / (30.5 * oneDay)));
    else if (step >= oneDay) d.setDate(d.getDate() + step / oneDay);
    else d.setTime(at + step);
  }
  return ticks;
}
