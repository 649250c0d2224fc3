// Where a consumer group goes on in the copies of the topics that it reads.

// CopiesTable lists the positions of a group in the topics of the routes from or to
// a cluster. Without such a route it is not there.
class CopiesTable extends Table {
  constructor(cluster, group) {
    super({
      kind: "translated", title: "In the copies", label: "positions in the copies", one: "position", sort: "state", rows: () => this.positions,
      placeholder: "Filter by topic, route or state",
      none: () => this.trouble || "The group has no position in a topic that is copied.",
      columns: [
        { id: "translated", title: "Partition", width: 200, left: true, compare: byPartition },
        { id: "state", title: "State", width: 150, left: true, compare: (a, b) => GROUP_STATES.indexOf(a.state) - GROUP_STATES.indexOf(b.state), mark: positionMark },
        { id: "at", title: "Stands at", width: 110, drop: 3, compare: larger((p) => p.source_offset), cell: (p) => whole(p.source_offset) },
        { id: "goes", title: "Goes on at", width: 110, compare: larger((p) => p.target_offset), cell: (p) => whole(p.target_offset) },
        { id: "precision", title: "Which is", width: 150, drop: 1, compare: larger((p) => p.not_copied + p.repeats + p.deleted), cell: precision, late: (p) => p.not_copied + p.repeats + p.deleted > 0 },
        { id: "there", title: "Committed there", width: 130, drop: 2, compare: larger((p) => p.committed), cell: (p) => known(p.committed) ? whole(p.committed) : "nothing" },
      ],
      id: (p) => `${p.route}\n${partitionId(p)}`, compare: (a, b) => byPartition(a, b) || a.route.localeCompare(b.route), name: (p) => `${p.topic}-${p.partition}`,
      href: (p) => p.to === cluster ? toCluster(p.from, "topic", p.topic) : toCluster(p.to, "topic", p.target),
      under: (p) => [p.reason || `${p.route} → ${p.target}`, p.state === "failed"],
      words: (p) => `${p.topic}-${p.partition} ${p.target} ${p.route} ${positionMark(p)[1]}`,
    });
    this.positions = [];
    this.element.hidden = true;
    this.poll = new Poll(`groups?cluster=${part(cluster)}&group=${part(group)}`, (d) => this.take(d), (e) => { this.trouble = sentence(e.message); this.update(); });
  }

  close() {
    super.close();
    this.poll.close();
  }

  take(d) {
    this.element.hidden = !d.routes.length;
    this.trouble = d.routes.flatMap((r) => [...r.problems, ...r.groups.map((g) => g.problem)]).filter(Boolean).map(sentence).join(" ");
    this.positions = d.routes.flatMap((r) => r.groups.flatMap((g) => g.positions.map((p) => ({ ...p, route: r.name, from: r.from, to: r.to, synced: r.synced }))));
    this.update();
  }

  update() {
    super.update();
    if (!this.trouble || !this.note.hidden) return;
    setText(this.note, this.trouble); // what is listed is not all
    this.note.hidden = false;
  }
}

// What becomes of a position, what needs a look first.
const GROUP_STATES = ["failed", "not_copied", "would_move", "own", "active", "in_step"];

function positionMark(p) {
  return {
    failed: ["stopped", "failed"], not_copied: ["waiting", "not copied yet"], would_move: p.synced ? ["starting", "moves next"] : ["paused", "not carried over"],
    own: ["paused", "own position"], active: ["paused", "read there"], in_step: ["caught_up", "in step"],
  }[p.state] || ["waiting", p.state];
}

// precision is how good the translated offset is.
function precision(p) {
  if (!known(p.target_offset)) return DASH;
  if (p.not_copied > 0) return `${whole(p.not_copied)} not copied`;
  if (p.repeats > 0) return `up to ${whole(p.repeats)} early`;
  return p.deleted > 0 ? `${whole(p.deleted)} deleted` : "exact";
}
