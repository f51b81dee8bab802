// The drawings that a hand was told, to correct each or to take it back: see shelf.py.

import { componentOf } from "../component.js";

const NO_DIGIT = 10;

/** What a drawing was told to be, in words. */
export function wordsOf(told) {
  return told === NO_DIGIT ? "no digit" : `${told}`;
}

class View {
  chosen = null; // the id of the drawing that was pressed

  constructor(element) {
    this.list = element.querySelector(".shelf");
    this.choice = element.querySelector(".choice");
    for (const button of this.choice.querySelectorAll("button")) {
      const { said } = button.dataset;
      button.onclick = () => this.say(said === "none" ? null : Number(said));
    }
  }

  update({ data, setTriggerValue }) {
    Object.assign(this, { told: data.told, setTriggerValue });
    if (!this.told.some(({ id }) => id === this.chosen)) this.chosen = null;
    this.list.replaceChildren(...this.told.map((one) => this.item(one)));
    this.paint();
  }

  item({ id, told, view }) {
    const item = document.createElement("li");
    const button = item.appendChild(document.createElement("button"));
    const image = button.appendChild(document.createElement("img"));
    Object.assign(button, { type: "button", onclick: () => this.choose(id) });
    button.dataset.id = id;
    Object.assign(image, { src: `data:image/png;base64,${view}`, alt: "A drawing, told to be" });
    button.append(wordsOf(told));
    return item;
  }

  choose(id) {
    this.chosen = this.chosen === id ? null : id;
    this.paint();
  }

  /** The chosen drawing is this digit, or none (10), or is to be taken back (null). */
  say(told) {
    this.setTriggerValue("said", { drawing: this.chosen, told });
    this.choose(this.chosen);
  }

  paint() {
    const chosen = this.told.find(({ id }) => id === this.chosen);
    this.choice.hidden = !chosen;
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.id === String(this.chosen)));
    }
    for (const button of this.choice.querySelectorAll("button")) {
      const isSaid = button.dataset.said === String(chosen?.told);
      button.setAttribute("aria-pressed", String(isSaid));
    }
  }
}

export default componentOf((element) => new View(element));
