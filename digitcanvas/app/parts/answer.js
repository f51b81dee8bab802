// The answer in words and pictures: see answer.py.
//
// Of a number, one digit is chosen: the bars, the image and the logits are that one's.

import { follow, publish } from "../bus.js";
import { componentOf } from "../component.js";
import { Digits, shownOf } from "./digits.js";

const CROWDED = "Many people are drawing: one moment.";

const NOT_ALL = "not all of it is digits";

const NOTHING = { answers: [], trail: [], isFinal: true, isAtRest: true };

class View {
  constructor(element) {
    this.element = element;
    this.slots = Object.fromEntries(
      ["prediction", "comparison", "model_view", "trail", "digits"].map((name) => [
        name,
        element.querySelector(`.st-key-${name}`),
      ]),
    );
    this.digits = new Digits(this.slots.digits, () => this.paint(this.answer));
  }

  update({ data: { invitation, reply } }) {
    Object.assign(this, { invitation, answer: null });
    this.ignoreAnswer?.();
    this.ignoreTelling ??= follow("telling", (telling) => {
      if (telling?.place !== undefined) this.digits.press(telling.place);
    });
    this.ignoreCrowd ??= follow("crowded", (isCrowded) => {
      this.isCrowded = isCrowded;
      if (this.answer) this.paint(this.answer);
    });
    this.ignoreAnswer = reply
      ? this.paint({ ...NOTHING, ...reply })
      : follow("answer", (answer) => this.paint(answer));
    if (!this.answer) this.paint(NOTHING);
  }

  stop() {
    this.ignoreAnswer?.();
    this.ignoreCrowd();
    this.ignoreTelling();
  }

  paint(answer) {
    this.answer = answer;
    const { answers = [], trail, signs = [], error } = answer;
    const { prediction, comparison } = this.slots;
    const [first, second] = answers;
    const chosen = this.digits.show(answer);
    const shown = shownOf(answer, chosen);
    this.element.classList.toggle("compared", Boolean(second));
    this.element.classList.toggle("several", chosen !== null);
    this.element.style.setProperty("--letters", first?.text?.length ?? 1);
    if (error) say(prediction, [["error", error]], answer);
    else if (first) say(prediction, wordsOf(first, answer, second), answer);
    else say(prediction, [["invitation", this.invitation]], answer);
    say(comparison, second ? wordsOf(second, answer, second) : [], answer);
    this.show(shown.view);
    const digits = trail.length > 1 ? trail.join(" … ") : "";
    const last = signs.length ? wordsOfSigns(signs) : digits;
    say(this.slots.trail, [["", this.isCrowded ? CROWDED : last]], answer);
    this.element.classList.toggle("noted", this.isCrowded || signs.length > 0);
    publish("bars", barsOf(shown.answers ?? [], answer));
    publish("shown", shown);
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
 * The lines that give one network's answer: a digit's, or a number's, which has a text.
 *
 * Until the pen is at rest, a drawing that does not look like a digit gets a pale one: what becomes
 * a digit often does not look like one at first.
 */
export function wordsOf(answer, { isFinal, isAtRest }, isCompared) {
  const { label, digit, text, certainty, rejected } = answer;
  const name = isCompared ? [["label", label]] : [];
  if (text) {
    const isDoubted = rejected && isFinal && isAtRest;
    const sure = isDoubted ? NOT_ALL : rejected ? "not sure yet" : `${certainty} sure`;
    return [["digit", text], ["sure", sure], ...name];
  }
  if (!rejected) return [["digit", `${digit}`], ["sure", `${certainty} sure`], ...name];
  if (isFinal && isAtRest) {
    const words = `This does not look like a digit to me (nearest: ${digit}).`;
    return [["rejection", words], ...name];
  }
  return [["digit pale", `${digit}`], ["sure", "not sure yet"], ...name];
}

/** What was found beside the digits, such as "a minus sign or a dash", and is not read. */
function wordsOfSigns(signs) {
  return `Not read, as it is not a digit: ${[...new Set(signs)].join("; ")}.`;
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

export default componentOf((element) => new View(element.querySelector(".answer")));
