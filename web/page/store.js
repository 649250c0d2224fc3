// What is known of the mirror, kept up to date by the stream.
const store = {
  head: null, // routes, recent numbers and the like; null until the first message
  topics: new Map(), // by route, source and target
  connected: false,
  trouble: "", // why nothing comes
  listeners: new Set(),
};
const topicId = (route, source, target) => [route, source, target].join("\n");

function notify() { for (const f of store.listeners) f(); }

function take(message, isSnapshot) {
  if (isSnapshot) store.topics.clear();
  for (const t of message.topics) store.topics.set(topicId(t.route, t.source, t.target), t);
  for (const gone of message.gone || []) store.topics.delete(topicId(...gone));
  delete message.topics;
  store.head = message;
  store.connected = true;
  store.trouble = "";
  notify();
}

const SILENCE = 10000; // ms without a message: the connection is dead, whatever the browser thinks
const AGAIN = 2000;
let stream = null, silence = 0;

function connect() {
  if (stream) stream.close();
  stream = new EventSource("/api/v1/stream");
  const listen = (kind) => stream.addEventListener(kind, (e) => { alive(); take(JSON.parse(e.data), kind === "snapshot"); });
  listen("snapshot");
  listen("delta");
  stream.onerror = lost;
  alive();
}

function alive() {
  clearTimeout(silence);
  silence = setTimeout(lost, SILENCE);
}

// lost closes the stream and tries again; a short request finds out why.
async function lost() {
  stream.close();
  clearTimeout(silence);
  store.connected = false;
  store.trouble = "Connection lost, trying again. If it stays so, look whether the mirror process runs and what its log says.";
  notify();
  try {
    const answer = await fetch("/api/v1/events?after=9007199254740991", { signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) store.trouble = "The token is not accepted any more: reload the page and give the new one as password.";
    else if (answer.status === 421) store.trouble = "This server does not answer under this name: add it to web.hosts in the configuration.";
    else if (answer.ok) store.trouble = "Connected again, but the live stream is full: close other pages of this mirror. Trying again.";
    notify();
  } catch { /* the first sentence says it */ }
  setTimeout(connect, AGAIN);
}

// ask fetches a document of the API. Errors are for people to read.
async function ask(path) {
  const answer = await fetch("/api/v1/" + path, { signal: AbortSignal.timeout(20000) });
  if (!answer.ok) throw Object.assign(new Error((await answer.text()).trim()), { status: answer.status });
  return answer.json();
}

const WINDOWS = ["1h", "2h", "4h", "day", "week", "month", "year"];
const settings = {
  get window() { const w = localStorage.getItem("window"); return WINDOWS.includes(w) ? w : "1h"; },
  set window(w) { localStorage.setItem("window", w); },
  get theme() { return localStorage.getItem("theme") || "system"; },
  set theme(t) { localStorage.setItem("theme", t); },
};
