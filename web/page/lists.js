// Lists of events and losses. They are asked for again when the stream says that
// there is something new.

class EventList {
  constructor(route, topic, partition) {
    Object.assign(this, { route, topic, partition });
    this.list = h("ol", { class: "event-list" });
    this.element = h("div", { class: "event-box", tabindex: 0, "aria-label": "Events" }, this.list);
    this.have = -1;
  }

  close() { this.closed = true; }

  async update() {
    const newest = store.head.events;
    if (newest === this.have || this.busy) return;
    this.busy = true;
    try {
      const { events } = await ask("events");
      this.have = newest;
      if (!this.closed) this.show(events.filter((e) => this.wants(e)));
    } catch { /* asked for again with the next message */ } finally { this.busy = false; }
  }

  wants(e) {
    return !e.route || ((this.route === undefined || e.route === this.route) && (this.topic === undefined || e.topic === "" || e.topic === this.topic)
      && (this.partition === undefined || e.partition < 0 || e.partition === this.partition));
  }

  show(events) {
    this.list.replaceChildren(...events.slice(0, 200).map((e) => h("li", { class: e.level },
      h("time", { datetime: e.time, title: new Date(e.time).toLocaleString() }, moment(e.time)),
      h("span", { class: "kind" }, e.kind), h("span", { class: "text" }, e.text,
        e.topic && this.topic === undefined ? [" ", h("a", { href: e.partition >= 0 ? toPartition(e.route, e.topic, e.partition) : toTopic(e.route, e.topic) }, "look")] : null))));
    if (!events.length) this.list.replaceChildren(h("li", { class: "none" }, "Nothing has happened since this process started."));
  }
}

class LossList {
  constructor(route, topic) {
    Object.assign(this, { route, topic });
    this.body = h("tbody");
    this.more = h("p", { class: "aside", hidden: true });
    this.element = card("Losses", { class: "card losses", hidden: true },
      h("p", { class: "aside" }, "Source offsets that should have been copied and cannot be. They stay in the loss ledger."),
      h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {}, ["Time", "Route", "Topic"].map((t) => h("th", {}, t)), ["Partition", "From", "To", "Offsets"].map((t) => h("th", { class: "n" }, t)), h("th", {}, "Cause"))), this.body)), this.more);
    this.have = "0";
  }

  close() { this.closed = true; }

  async update() {
    const entries = store.head.routes.filter((r) => this.route === undefined || r.name === this.route).map((r) => r.losses).join(",");
    if (/^[0,]*$/.test(entries)) { this.element.hidden = true; return; }
    if (entries === this.have || this.busy) return;
    this.busy = true;
    try {
      const { losses, total } = await ask("losses");
      this.have = entries;
      const mine = losses.filter((l) => (this.route === undefined || l.route === this.route) && (this.topic === undefined || l.topic === this.topic));
      const n = (v) => h("td", { class: "n" }, v);
      this.element.hidden = !mine.length;
      this.body.replaceChildren(...mine.slice(0, 100).map((l) => h("tr", {},
        h("td", {}, h("time", { datetime: l.time, title: new Date(l.time).toLocaleString() }, moment(l.time))), h("td", {}, h("a", { href: toRoute(l.route) }, l.route)), h("td", {}, h("a", { href: toTopic(l.route, l.topic) }, l.topic)),
        n(String(l.partition)), n(whole(l.from)), n(whole(l.to - 1)), n(whole(l.to - l.from)), h("td", {}, h("b", {}, l.cause.replace("_", " ")), l.detail ? ": " + l.detail : ""))));
      this.more.hidden = mine.length <= 100 && total <= losses.length;
      setText(this.more, `These are the newest of ${whole(this.route === undefined ? total : mine.length)} entries.`);
    } catch { /* asked for again with the next message */ } finally { this.busy = false; }
  }
}
