// The answer in words and pictures: see answer.py.

import { follow, publish } from "../bus.js";

const CROWDED = "Many people are drawing: one moment.";

const NOTHING = { answers: [], trail: [], isFinal: true, isAtRest: true };

class View {
  calls = 0;

  constructor(element) {
    this.element = element;
    this.slots = Object.fromEntries(
      ["prediction", "comparison", "model_view", "trail"].map((name) => [
        name,
        element.querySelector(`.st-key-${name}`),
      ]),
    );
  }

  update({ invitation, reply }) {
    Object.assign(this, { invitation, answer: null });
    this.stop?.();
    this.ignoreCrowd ??= follow("crowded", (isCrowded) => {
      this.isCrowded = isCrowded;
      if (this.answer) this.paint(this.answer);
    });
    this.stop = reply
      ? this.paint({ ...NOTHING, ...reply })
      : follow("answer", (answer) => this.paint(answer));
    if (!this.answer) this.paint(NOTHING);
  }

  paint(answer) {
    this.answer = answer;
    const { answers = [], trail, view, error } = answer;
    const { prediction, comparison } = this.slots;
    const [first, second] = answers;
    this.element.classList.toggle("compared", Boolean(second));
    if (error) say(prediction, [["error", error]], answer);
    else if (first) say(prediction, wordsOf(first, answer, second), answer);
    else say(prediction, [["invitation", this.invitation]], answer);
    say(comparison, second ? wordsOf(second, answer, second) : [], answer);
    this.show(view);
    const digits = trail.length > 1 ? trail.join(" … ") : "";
    say(this.slots.trail, [["", this.isCrowded ? CROWDED : digits]], answer);
    publish("bars", barsOf(answers, answer));
    publish("shown", answer);
  }

  /** What the first network saw: a PNG in base64, or nothing. */
  show(view) {
    const image = this.slots.model_view.querySelector("img");
    this.slots.model_view.hidden = !view;
    if (view && image.dataset.view !== view) {
      image.dataset.view = view;
      image.src = `data:image/png;base64,${view}`;
    }
  }
}

/** Put lines of text, each with a class, into a slot. A screen reader waits for the final ones. */
function say(slot, lines, { isFinal }) {
  slot.setAttribute("aria-busy", String(!isFinal));
  slot.hidden = !lines.length;
  slot.classList.toggle("pen-up", isFinal);
  slot.classList.toggle("pen-down", !isFinal);
  while (slot.childElementCount > lines.length) slot.lastElementChild.remove();
  lines.forEach(([name, text], index) => {
    const line = slot.children[index] ?? slot.appendChild(document.createElement("div"));
    if (line.className !== name) line.className = name;
    if (line.textContent !== text) line.textContent = text;
  });
}

/**
 * The lines that give one network's answer.
 *
 * Until the pen is at rest, a drawing that does not look like a digit gets a pale one: what becomes
 * a digit often does not look like one at first.
 */
export function wordsOf({ label, digit, certainty, rejected }, { isFinal, isAtRest }, isCompared) {
  const name = isCompared ? [["label", label]] : [];
  if (!rejected) return [["digit", `${digit}`], ["sure", `${certainty} sure`], ...name];
  if (isFinal && isAtRest) {
    const words = `This does not look like a digit to me (nearest: ${digit}).`;
    return [["rejection", words], ...name];
  }
  return [["digit pale", `${digit}`], ["sure", "not sure yet"], ...name];
}

/** How high the bars stand, which one stands out, and what they mean: see plot.js. */
export function barsOf(answers, { isFinal, isAtRest }) {
  const rejected = answers.length === 1 && answers[0].rejected && isFinal && isAtRest;
  return {
    heights: answers.map(({ percent }) => percent),
    top: answers.length === 1 && !rejected ? answers[0].digit : null,
    rejected,
    isFinal,
  };
}

const views = new WeakMap();

export default function ({ data, parentElement }) {
  if (!views.has(parentElement)) {
    views.set(parentElement, new View(parentElement.querySelector(".answer")));
  }
  const view = views.get(parentElement);
  view.update(data);
  const call = ++view.calls;
  return () => {
    // Streamlit may clean up a call after it makes the next one: only the newest call counts.
    if (view.calls !== call) return;
    view.stop?.();
    view.ignoreCrowd?.();
    views.delete(parentElement);
  };
}
