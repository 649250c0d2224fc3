// Addresses, the bar on top, and keys.

let page = null;

// visit makes the page that the address names.
function visit() {
  const p = location.hash.replace(/^#\/?/, "").split("/").map((s) => { try { return decodeURIComponent(s); } catch { return s; } });
  if (page) page.close();
  page = null;
  if (!store.head) return byId("content").replaceChildren(empty(store.trouble || "Connecting …"));
  const named = copied(p[0] === "graph" ? p.slice(2) : p);
  if (p[0] === "route" && named) page = new [RoutePage, TopicPage, PartitionPage][named.length - 1](...named);
  else if (p[0] === "graph" && Object.hasOwn(GRAPHS, p[1] || "") && (p.length === 2 || named && (named.length === 1 || TOPIC_GRAPHS.includes(p[1])))) page = new GraphPage(p[1], ...(named || []));
  else if (p[0] === "graph" && Object.hasOwn(CLUSTER_GRAPHS, p[1] || "") && (p.length === 2 || p[2] === "cluster" && isSubject(p.slice(3)))) page = p.length === 2 ? new ClustersGraphPage(p[1]) : new ClusterGraphPage(p[1], ...p.slice(3));
  else if (p[0] === "cluster" && isSubject(p.slice(1))) page = p.length === 2 ? new ClusterPage(p[1]) : new { broker: BrokerPage, topic: ClusterTopicPage, group: GroupPage, partition: ClusterPartitionPage, position: PositionPage }[p[2]](p[1], p[3]);
  else if (p[0] === "") page = new Overview();
  else {
    const element = h("div", { class: "page" });
    page = { element, update() { missing(element, "There is no such page."); }, close() {} };
  }
  byId("content").replaceChildren(page.element);
  page.update();
  window.scrollTo(0, 0);
}

// copied reads what an address names of what is copied: [route], [route, topic] or
// [route, topic, partition]; null for anything else.
function copied([kind, route, topic, t, partition, n, ...more]) {
  if (kind !== "route" || route === undefined || more.length) return null;
  if (topic === undefined) return [route];
  if (topic !== "topic" || t === undefined) return null;
  if (partition === undefined) return [route, t];
  return partition === "partition" && /^\d+$/.test(n || "") ? [route, t, Number(n)] : null;
}

// isSubject tells the parts of an address that name a cluster or something in it.
const isSubject = ([cluster, kind, name, ...more]) => cluster !== undefined && !more.length && (kind === undefined || (kind !== "cluster" && Object.hasOwn(KINDS, kind) && name !== undefined && (!["partition", "position"].includes(kind) || !!placeOf(kind, name))));

function update() {
  bar();
  if (!store.head) { byId("content").replaceChildren(empty(store.trouble || "Connecting …")); return; }
  if (!page || page.element.dataset.missing && store.connected) visit(); // what is missing may come: a process that has just started knows no topics yet
  else if (store.connected) page.update();
}

function bar() {
  const banner = byId("banner");
  setText(banner, store.trouble);
  banner.hidden = !store.trouble;
  document.body.classList.toggle("stale", !store.connected);
  setText(byId("link"), store.connected ? "live" : "not connected");
  setAttribute(byId("link"), "class", store.connected ? "live" : "lost");
  if (!store.head) return;
  const { mirror, version, routes } = store.head;
  setText(byId("name"), mirror);
  setText(byId("build"), "mirror " + (version || ""));
  const [state, text] = routes.length ? routesMark(routes) : clustersMark(store.head.clusters);
  setMark(byId("overall"), state, text);
  byId("overall").hidden = !text;
  document.title = (troubled(state) ? "(!) " : "") + mirror + " · mirror";
}

// routesMark is the state of all that is copied, in few words.
function routesMark(routes) {
  const topics = [...store.topics.values()];
  const state = [...routes, ...topics].reduce((w, r) => badness(r.state) > badness(w) ? r.state : w, "caught_up");
  const many = topics.filter((t) => t.state === state).length;
  return [state, badness(state) <= 1 ? plural(routes.length, "route copies", "routes copy") : many && badness(state) >= STATES.indexOf("paused") ? `${plural(many, "topic", "topics")} ${word(state)}` : word(state)];
}

// clustersMark is the same of clusters, where nothing is copied.
function clustersMark(c) {
  if (!c || !c.looked) return ["", ""];
  if (c.unreachable) return ["stopped", c.looked > 1 ? `${whole(c.unreachable)} of ${whole(c.looked)} clusters unreachable` : "the cluster is unreachable"];
  if (c.starting) return ["starting", "first look"];
  if (c.offline) return ["stopped", plural(c.offline, "partition offline", "partitions offline")];
  if (c.under_replicated) return ["waiting", `${whole(c.under_replicated)} under-replicated`];
  return ["caught_up", c.looked > 1 ? `${whole(c.looked)} clusters healthy` : "the cluster is healthy"];
}

// Windows of the graphs.
function chooseWindow(w) {
  settings.window = w;
  for (const b of byId("windows").children) setAttribute(b, "aria-pressed", String(b.textContent === w));
  if (page && page.feed) page.feed.refresh();
}
byId("windows").append(...WINDOWS.map((w, i) => h("button", { type: "button", title: `key ${i + 1}`, onclick: () => chooseWindow(w) }, w)));

// The theme: as the system says, light, dark.
const THEMES = ["system", "light", "dark"];
function applyTheme() {
  document.documentElement.dataset.theme = settings.theme;
  const [sign, text] = { system: ["◐", "auto"], light: ["☀", "light"], dark: ["☾", "dark"] }[settings.theme];
  byId("theme").replaceChildren(sign, h("span", {}, " " + text));
  byId("theme").setAttribute("aria-label", "Theme: " + settings.theme);
  forgetColours();
}
function nextTheme() {
  settings.theme = THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length];
  applyTheme();
}
byId("theme").addEventListener("click", nextTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", forgetColours);

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const typing = e.target instanceof HTMLInputElement;
  if (e.key === "Escape") {
    if (typing) { e.target.value = ""; e.target.dispatchEvent(new Event("input")); e.target.blur(); return; }
    const links = document.querySelectorAll(".crumbs a");
    if (links.length) location.hash = links[links.length - 1].getAttribute("href");
    return;
  }
  if (typing) return;
  const filter = [...document.querySelectorAll(".filter")].find((f) => f.checkVisibility());
  if (e.key === "/" && filter) { e.preventDefault(); filter.focus(); }
  if (/^[1-7]$/.test(e.key)) chooseWindow(WINDOWS[e.key - 1]);
  if (e.key === "t") nextTheme();
});

window.addEventListener("hashchange", visit);
store.listeners.add(update);
chooseWindow(settings.window);
applyTheme();
update();
connect();
