// The digits of a number below the answer: each can be pressed, and is shown in the bars then.

import { colourOf } from "./places.js";

/** The row of digits. `changed` is called when another one is pressed. */
export class Digits {
  pressed = null; // the place of the digit that a person has chosen
  of = ""; // the drawing in which it is, and how many digits that has

  constructor(element, changed) {
    Object.assign(this, { element, changed });
  }

  /** Show the digits of this answer. Gives the place of the one that is chosen; null for one digit. */
  show(answer) {
    const { digits = [], doubtful, isFinal } = answer;
    const of = drawingOf(answer);
    if (of !== this.of) Object.assign(this, { of, pressed: null });
    const chosen = this.pressed ?? (isFinal ? doubtful : newest(digits));
    this.count = digits.length;
    this.element.hidden = !digits.length;
    while (this.element.childElementCount > digits.length) this.element.lastElementChild.remove();
    for (const [place, { answers }] of digits.entries()) this.paint(answers[0], place, chosen);
    return digits.length ? chosen : null;
  }

  paint({ digit, certainty, rejected }, place, chosen) {
    const { element } = this;
    const button = element.children[place] ?? element.appendChild(this.button(place));
    const [name, words] = button.children;
    write(name, `${digit}`);
    write(words, rejected ? "no digit?" : certainty.replace("over ", ">"));
    button.classList.toggle("pale", rejected);
    const sure = rejected ? "perhaps no digit" : `${certainty} sure`;
    button.setAttribute("aria-label", `${digit}, ${sure}, digit ${place + 1} of ${this.count}`);
    button.setAttribute("aria-pressed", String(place === chosen));
  }

  button(place) {
    const button = document.createElement("button");
    button.type = "button";
    button.style.setProperty("--place", colourOf(place));
    button.append(document.createElement("b"), document.createElement("span"));
    button.onclick = () => {
      this.press(place);
      this.changed();
    };
    return button;
  }

  /** From now on the digit at this place is looked at, whatever the network says of the others. */
  press(place) {
    this.pressed = place;
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Which drawing or picture an answer is of, and how many digits it has. */
export function drawingOf({ version, picture, digits = [] }) {
  return `${version ?? picture} ${digits.length}`;
}

/** The place of the digit that the newest stroke belongs to: the pen is writing it. */
function newest(digits) {
  const strokes = digits.map(({ pieces = [] }) =>
    Math.max(-1, ...pieces.map(([stroke]) => stroke)),
  );
  return strokes.lastIndexOf(Math.max(...strokes));
}

/**
 * The answer with that of the digit at the `chosen` place as its own: what networks say of it, and
 * what they saw.
 */
export function shownOf(answer, chosen) {
  if (chosen === null) return answer;
  const { answers, view } = answer.digits[chosen];
  return { ...answer, answers, view, chosen };
}
