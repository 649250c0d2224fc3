// What operators may do here: pause, resume and limit. The buttons are there only
// when the configuration has web.actions, and not for a route that is only watched.
// A dialog says what will happen, and asks.

const RESTS = "Nothing of it is fetched or written any more, in all processes, until somebody resumes it. What is under way is waited for. The source's retention goes on: what it drops meanwhile cannot be copied any more.";

class Actions {
  constructor(route, topic) {
    Object.assign(this, { route, topic });
    this.what = topic === undefined ? `route ${route}` : `topic ${topic} of route ${route}`;
    this.pause = h("button", { type: "button", class: "act", onclick: () => this.ask("pause", `Pause ${this.what}?`, RESTS) }, "Pause …");
    this.resume = h("button", { type: "button", class: "act", onclick: () => this.ask("resume", `Resume ${this.what}?`, "Copying goes on where it stopped, in all processes, within about a second.") }, "Resume …");
    this.rate = topic === undefined && h("button", { type: "button", class: "act", onclick: () => this.ask("rate", `Limit ${this.what}?`,
      "All processes together fetch at most so many bytes per second. It holds at once, also after a restart, until it is changed here or by mirror rate.") }, "Rate …");
    this.said = h("span", { class: "said", role: "status" });
    this.element = h("span", { class: "actions", hidden: true }, this.pause, this.resume, this.rate, this.said);
  }

  update() {
    const r = store.head.routes.find((x) => x.name === this.route);
    this.element.hidden = !store.head.actions || !r || r.watched;
    if (this.element.hidden) return;
    const paused = r.pauses.some((p) => p.topic === (this.topic ?? ""));
    this.pause.hidden = paused;
    this.resume.hidden = !paused;
  }

  // ask shows the dialog. It is made anew each time, so that nothing typed before is left in it.
  ask(verb, title, text) {
    const reason = verb !== "resume" && h("input", { type: "text", maxlength: 200, name: "reason", "aria-label": "Reason", placeholder: "why, for those who see it (may be left out)" });
    const rate = verb === "rate" && h("input", { type: "text", maxlength: 40, name: "rate", "aria-label": "Bytes per second", placeholder: "10MiB, off for no limit, file for the configuration's" });
    const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    const yes = h("button", { type: "button", class: "act yes" }, title.split(" ")[0]);
    const dialog = h("dialog", { class: "ask", "aria-label": title }, h("h2", {}, title), h("p", {}, text), rate, reason, trouble,
      h("div", { class: "choice" }, h("button", { type: "button", class: "act", onclick: () => dialog.close() }, "Cancel"), yes));
    yes.addEventListener("click", async () => {
      yes.disabled = true;
      try {
        setText(this.said, await act(verb, { route: this.route, topic: this.topic, rate: rate ? rate.value.trim() : undefined, reason: reason ? reason.value : undefined }));
        dialog.close();
      } catch (e) {
        setText(trouble, e.message);
        trouble.hidden = false;
        yes.disabled = false;
      }
    });
    dialog.addEventListener("keydown", (e) => { e.stopPropagation(); if (e.key === "Enter" && e.target instanceof HTMLInputElement) yes.click(); });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
}

// act sends a wish and returns what the mirror says is so now. The header is one
// that no form can send, and the browser adds the token by itself.
async function act(verb, wish) {
  const answer = await fetch("/api/v1/actions/" + verb, { method: "POST", body: JSON.stringify(wish), signal: AbortSignal.timeout(20000),
    headers: { "Content-Type": "application/json", "X-Mirror-Action": "1" } });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return (await answer.json()).said;
}
