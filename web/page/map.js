// The map: clusters as boxes, routes as level arrows between them. An arrow is as
// thick as it moves bytes; colour, dash and word tell its state. Each arrow has a
// lane of its own with its name above and its numbers below, so that no label
// ever crosses an arrow.

const LANE = 74, GAP = 18;

// lanes groups routes by pair of clusters, and pairs by the cluster with most
// routes, which is drawn once on the left of all of them.
function lanes(routes) {
  const degree = new Map();
  for (const r of routes) for (const c of [r.from, r.to]) degree.set(c, (degree.get(c) || 0) + 1);
  const pairs = new Map();
  for (const r of routes) {
    const reversed = degree.get(r.to) > degree.get(r.from) || (degree.get(r.to) === degree.get(r.from) && pairs.has(r.to + "\n" + r.from));
    const [left, right] = reversed ? [r.to, r.from] : [r.from, r.to];
    const id = left + "\n" + right;
    if (!pairs.has(id)) pairs.set(id, { left, right, routes: [] });
    pairs.get(id).routes.push(r);
  }
  const hubs = new Map();
  for (const p of pairs.values()) {
    if (!hubs.has(p.left)) hubs.set(p.left, []);
    hubs.get(p.left).push(p);
  }
  return hubs;
}

class RouteMap {
  constructor() {
    this.svg = h("svg:svg", { class: "map", role: "group", "aria-label": "Clusters and routes" });
    this.element = h("div", { class: "map-box" }, this.svg);
    this.resize = new ResizeObserver(() => this.draw());
    this.resize.observe(this.element);
    this.drawn = "";
  }

  close() { this.resize.disconnect(); }

  update(routes) { this.routes = routes; this.draw(); }

  // tell takes what is known of the clusters themselves.
  tell(clusters) { this.clusters = new Map(clusters.map((c) => [c.name, c])); this.draw(); }

  draw() {
    const width = this.element.clientWidth;
    if (!width || !this.routes) return;
    const same = JSON.stringify([width, this.routes.map((r) => [r.name, r.from, r.to, r.state, r.reason, r.resting, r.lag_seconds, r.bytes_per_second, r.topics]), [...(this.clusters || [])].map(([name, c]) => [name, c.state, c.broker_count, c.offline, c.under_replicated])]);
    if (same === this.drawn) return;
    this.drawn = same;
    const focused = document.activeElement && this.svg.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const box = Math.max(90, Math.min(150, width * 0.22));
    const parts = [];
    let y = 4;
    for (const [left, pairs] of lanes(this.routes)) {
      const top = y;
      for (const pair of pairs) {
        const from = y;
        for (const r of pair.routes) {
          parts.push(this.arrow(r, r.from === left, box, width - box, y, width));
          y += LANE;
        }
        parts.push(this.cluster(pair.right, width - box, from, box, y - from));
        y += GAP;
      }
      parts.push(this.cluster(left, 0, top, box, y - GAP - top));
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${y - GAP + 4}`);
    this.svg.setAttribute("height", y - GAP + 4);
    this.svg.replaceChildren(...parts);
    if (focused) [...this.svg.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
  }

  cluster(name, x, y, width, height) {
    const c = this.clusters && this.clusters.get(name);
    const [mood, fact] = !c || c.state === "off" ? ["", ""] : c.state === "unreachable" ? ["bad", "unreachable"] : !c.time ? ["", ""]
      : c.offline ? ["bad", `${whole(c.offline)} offline`] : c.under_replicated ? ["warn", `${whole(c.under_replicated)} under-replicated`] : ["", plural(c.broker_count, "broker", "brokers")];
    const text = (at, kind, words, size) => h("svg:text", { class: kind, x: x + width / 2, y: y + height / 2 + at, "text-anchor": "middle", "dominant-baseline": "central" }, fit(words, width - 12, size));
    return h("svg:a", { href: toCluster(name), class: "cluster " + mood, "aria-label": `cluster ${name}${fact && ", " + fact}` },
      h("svg:rect", { x: x + 1, y: y + 1, width: width - 2, height: height - 2, rx: 8 }),
      text(fact ? -10 : 0, "cluster-name", name, 14), fact ? text(11, "cluster-fact", fact, 12) : null,
      h("svg:title", {}, `cluster ${name}${fact && ", " + fact}`));
  }

  arrow(r, rightwards, left, right, y, width) {
    const from = left + 10, to = right - 10, middle = y + LANE / 2;
    const rate = (r.bytes_per_second || 0) / 1e6;
    const thick = Math.min(2 + 1.1 * Math.sqrt(rate), 13);
    const head = 7 + thick * 0.8;
    const [tail, tip] = rightwards ? [from, to] : [to, from];
    const neck = tip + (rightwards ? -head : head);
    const room = to - from;
    const behind = known(r.lag_seconds) ? (r.lag_seconds < 1 ? "up to date" : seconds(r.lag_seconds) + " behind") : "";
    const rests = resting(r);
    const facts = [word(r.state) + (rests && ", " + rests), show("bytes", r.bytes_per_second), behind].filter((t) => t && t !== DASH);
    while (facts.length > 1 && textWidth(facts.join(" · "), 12) > room) facts.pop();
    const hint = [`route ${r.name}`, `${r.from} to ${r.to}`, word(r.state), rests, r.reason, show("bytes", r.bytes_per_second), behind, plural(r.topics, "topic", "topics")].filter(Boolean).join(", ");
    return h("svg:a", { href: toRoute(r.name), class: "arrow " + r.state, "aria-label": hint },
      h("svg:title", {}, hint),
      h("svg:rect", { class: "hit", x: left, y, width: right - left, height: LANE }),
      h("svg:line", { class: "shaft", x1: tail, y1: middle, x2: neck, y2: middle, "stroke-width": thick.toFixed(1) }),
      h("svg:path", { class: "head", d: `M${neck} ${middle - head * 0.75}L${tip} ${middle}L${neck} ${middle + head * 0.75}Z` }),
      h("svg:text", { class: "route-name", x: (from + to) / 2, y: middle - 16, "text-anchor": "middle" }, fit(r.name, room, 13)),
      h("svg:text", { class: "facts", x: (from + to) / 2, y: middle + 26, "text-anchor": "middle" }, fit(facts.join(" · "), room, 12)));
  }
}

// resting says how many topics of a route rest while it goes on.
const resting = (r) => r.resting && r.state !== "paused" ? plural(r.resting, "topic", "topics") + " paused" : "";

const measure = document.createElement("canvas").getContext("2d");
function textWidth(text, size) {
  measure.font = `600 ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return measure.measureText(text).width;
}

// fit cuts a text to a width.
function fit(text, width, size) {
  if (textWidth(text, size) <= width) return text;
  let n = text.length;
  while (n > 1 && textWidth(text.slice(0, n) + "…", size) > width) n--;
  return text.slice(0, n) + "…";
}
