// Addresses, the bar on top, and keys.

let page = null;

// visit makes the page that the address names.
function visit() {
  const p = location.hash.replace(/^#\/?/, "").split("/").map((s) => { try { return decodeURIComponent(s); } catch { return s; } });
  if (page) page.close();
  page = null;
  if (!store.head) return byId("content").replaceChildren(empty(store.trouble || "Connecting …"));
  const number = /^\d+$/.test(p[5] || "") ? Number(p[5]) : NaN;
  if (p[0] === "route" && p.length === 2) page = new RoutePage(p[1]);
  else if (p[0] === "route" && p[2] === "topic" && p.length === 4) page = new TopicPage(p[1], p[3]);
  else if (p[0] === "route" && p[2] === "topic" && p[4] === "partition" && !Number.isNaN(number)) page = new PartitionPage(p[1], p[3], number);
  else if (p[0] === "graph" && Object.hasOwn(GRAPHS, p[1] || "")) page = new GraphPage(p[1], p[2] === "route" ? p[3] : undefined, p[4] === "topic" ? p[5] : undefined);
  else if (p[0] === "graph" && Object.hasOwn(CLUSTER_GRAPHS, p[1] || "") && (p.length === 2 || p[2] === "cluster" && isSubject(p.slice(3)))) page = new ClusterGraphPage(p[1], ...p.slice(3));
  else if (p[0] === "cluster" && isSubject(p.slice(1))) page = p.length === 2 ? new ClusterPage(p[1]) : new { broker: BrokerPage, topic: ClusterTopicPage, group: GroupPage }[p[2]](p[1], p[3]);
  else if (p[0] === "") page = new Overview();
  else {
    const element = h("div", { class: "page" });
    page = { element, update() { missing(element, "There is no such page."); }, close() {} };
  }
  byId("content").replaceChildren(page.element);
  page.update();
  window.scrollTo(0, 0);
}

// isSubject tells the parts of an address that name a cluster or something in it.
const isSubject = ([cluster, kind, name, ...more]) => cluster !== undefined && !more.length && (kind === undefined || (kind !== "cluster" && Object.hasOwn(KINDS, kind) && name !== undefined));

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
  const topics = [...store.topics.values()];
  const state = [...routes, ...topics].reduce((w, r) => badness(r.state) > badness(w) ? r.state : w, "caught_up");
  const many = topics.filter((t) => t.state === state).length;
  const overall = byId("overall");
  overall.hidden = !routes.length;
  setAttribute(overall, "class", "chip " + state);
  setText(overall, badness(state) <= 1 ? plural(routes.length, "route copies", "routes copy") : many && badness(state) >= STATES.indexOf("paused") ? `${plural(many, "topic", "topics")} ${word(state)}` : word(state));
  document.title = (troubled(state) ? "(!) " : "") + mirror + " · mirror";
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
