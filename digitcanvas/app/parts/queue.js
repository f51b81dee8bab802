// The runs that are under way and that wait, next first: see queue.py. News of them comes by the
// live socket, as of `shared_runs.queue`, so that no fragment reruns for it.

import { follow } from "../bus.js";
import { componentOf } from "../component.js";

const STATES = { running: "under way" };

/** What the list is called: how many runs it has, and how many of them wait. */
export function headOf(queue) {
  const count = (kind) =>
    queue
      .filter(({ state }) => (state === "waiting") === kind)
      .reduce((n, run) => n + run.count, 0);
  const [waiting, under] = [count(true), count(false)];
  return `Runs: ${under} under way, ${waiting} waiting`;
}

class View {
  queue = [];
  own = [];

  constructor(element) {
    this.box = element.querySelector(".queue");
    this.head = element.querySelector("summary");
    this.list = element.querySelector("ol");
    this.ignore = follow("queue", (queue) => this.paint(queue));
  }

  update({ data, setTriggerValue }) {
    Object.assign(this, { own: data.own, leads: data.leads, setTriggerValue });
    this.paint(data.queue);
  }

  stop() {
    this.ignore();
  }

  paint(queue) {
    this.box.hidden = queue.length < 2; // one alone is shown above
    this.head.textContent = headOf(queue);
    const focused = document.activeElement?.dataset?.run;
    const next = queue.find(({ state }) => state === "waiting");
    this.list.replaceChildren(...queue.map((run) => this.row(run, run === next)));
    if (focused) this.list.querySelector(`button[data-run="${focused}"]`)?.focus();
  }

  row({ id, name, state, words }, isNext) {
    const row = document.createElement("li");
    const isOwn = this.own.includes(id);
    row.className = isOwn ? "own" : "";
    const text = row.appendChild(document.createElement("span"));
    const title = text.appendChild(document.createElement("strong"));
    title.textContent = name;
    text.append(`${isOwn ? " (yours)" : ""}: ${words || STATES[state]}`);
    if (this.leads && state === "waiting" && !isNext)
      row.append(this.button("Put first", "first", id, name));
    if (this.leads || isOwn) row.append(this.button("Cancel", "cancel", id, name));
    return row;
  }

  button(words, act, id, name) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: words });
    button.setAttribute("aria-label", `${words}: ${name}`);
    button.dataset.run = `${act}-${id}`;
    button.onclick = () => this.setTriggerValue("asked", { [act]: id });
    return button;
  }
}

export default componentOf((element) => new View(element));
