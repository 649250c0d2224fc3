// h makes an element. Properties that begin with "on" are listeners; null and
// false leave a property or a child out. Text is never taken for markup.
function h(tag, properties, ...children) {
  const e = tag.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return e;
}

const byId = (id) => document.getElementById(id);

// setText and setClass leave what is the same alone, so that nothing is laid out
// anew for numbers that did not move.
function setText(e, text) { if (e.textContent !== text) e.textContent = text; }
function setAttribute(e, name, value) { if (e.getAttribute(name) !== value) e.setAttribute(name, value); }

// A chip tells a state: the class has the colour and the shape, the text the word.
const chip = (state, text) => h("span", { class: "chip " + state }, text ?? word(state));
function setMark(e, state, text) { setAttribute(e, "class", "chip " + state); setText(e, text); }
function setChip(e, state) { setMark(e, state, word(state)); }

// setParts replaces what is in an element when its text changes.
function setParts(e, ...parts) {
  const fresh = h("span", {}, parts);
  if (fresh.textContent !== e.textContent) e.replaceChildren(...fresh.childNodes);
}

// Addresses of pages. Names of topics cannot hold a slash, but this need not know.
const part = encodeURIComponent;
const toRoute = (route) => "#/route/" + part(route);
const toTopic = (route, topic) => `${toRoute(route)}/topic/${part(topic)}`;
const toPartition = (route, topic, n) => `${toTopic(route, topic)}/partition/${n}`;
const toGraph = (id, route, topic, n) => `#/graph/${id}` + (n !== undefined ? toPartition(route, topic, n) : topic !== undefined ? toTopic(route, topic) : toRoute(route)).slice(1);
const toCluster = (cluster, kind, name) => `#/cluster/${part(cluster)}` + (kind ? `/${kind}/${part(name)}` : "");

function card(title, properties, ...children) {
  return h("section", { class: "card", ...properties }, title && h("h2", {}, title), ...children);
}
const empty = (...text) => h("p", { class: "empty" }, ...text);
