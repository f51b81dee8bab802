// My drawings: those that were on this tab's canvas before, each with the answer that it got.
//
// A drawing joins the list when another one, or none, takes its place. The tab keeps the list as it
// keeps the drawing; the server knows nothing of it.

import { paint } from "./picture.js";

const KEPT = "digitcanvas.mine";
const MOST = 10; // drawings: two rows on a phone

const SIDE = 144; // pixels of a thumbnail, twice as many as are shown, so that it is sharp

export class Mine {
  drawings = []; // { strokes, answer }, the newest first
  answer = null; // the newest final one, { version, text, certainty, rejected }

  /** `storage` gives what keeps strings by name, as sessionStorage does, or fails. */
  constructor(storage) {
    this.storage = storage;
    try {
      const kept = JSON.parse(storage().getItem(KEPT));
      if (kept.every(isListed)) this.drawings = kept;
    } catch {
      // nothing was kept, or nothing that makes sense
    }
  }

  /** What the reader makes of the drawing of this version, all of it. */
  hear(version, { digit, text = `${digit}`, certainty, rejected }) {
    this.answer = { version, text, certainty, rejected };
  }

  /** A drawing leaves the canvas. It takes the place of one like it, with whatever pen. */
  add(strokes, version) {
    const before = this.drawings.find((one) => areAlike(one.strokes, strokes));
    const answer = this.answer?.version === version ? this.answer : (before?.answer ?? null);
    const others = this.drawings.filter((one) => one !== before);
    this.drawings = [{ strokes, answer }, ...others].slice(0, MOST);
    this.keep();
  }

  remove(drawing) {
    this.drawings = this.drawings.filter((one) => one !== drawing);
    this.keep();
  }

  removeAll() {
    this.drawings = [];
    this.keep();
  }

  keep() {
    try {
      this.storage().setItem(KEPT, JSON.stringify(this.drawings));
    } catch {
      // a full or forbidden storage: the list lasts as long as the page stays loaded
    }
  }
}

/** Whether two drawings have the same points. */
export function areAlike(strokes, others) {
  const points = (drawing) => JSON.stringify(drawing.map(({ points }) => points));
  return points(strokes) === points(others);
}

function isListed({ strokes, answer }) {
  const isStroke = ({ width, points }) =>
    points.length >= 2 && points.length % 2 === 0 && [width, ...points].every(Number.isFinite);
  return (
    strokes.length > 0 && strokes.every(isStroke) && (!answer || /^[0-9 ]+$/.test(answer.text))
  );
}

/** What a drawing was read as: a word to stand below it, and words to hear instead of the picture. */
export function wordsOf(answer) {
  if (!answer) return { short: "not read", long: "a drawing that was not read" };
  const { text, certainty, rejected } = answer;
  if (rejected && text.length > 1) return { short: text, long: `${text}, not all of it digits` };
  if (rejected) return { short: "no digit", long: `no digit, the nearest being ${text}` };
  const name = text.length > 1 ? text : text === "8" ? "an 8" : `a ${text}`;
  return { short: text, long: `${name}, ${certainty} sure` };
}

/** The list on the page. `again` is called with the strokes of the drawing that was pressed. */
export class MineView {
  constructor(element, { mine, drawing, again }) {
    Object.assign(this, { mine, drawing, again });
    this.list = element.querySelector("ul");
    this.none = element.querySelector(".none");
    this.all = element.querySelector(".all");
    this.all.onclick = () => {
      mine.removeAll();
      drawing.forgetEarlier(() => true);
      this.show();
    };
  }

  show() {
    const { drawings } = this.mine;
    this.list.replaceChildren(...drawings.map((one) => this.item(one)));
    this.none.hidden = drawings.length > 0;
    this.all.hidden = drawings.length < 1;
  }

  item(one) {
    const { short, long } = wordsOf(one.answer);
    const again = button("again", `Draw it again: ${long}`, () => this.again(one.strokes));
    const canvas = document.createElement("canvas");
    paint(canvas, one.strokes, SIDE);
    const word = document.createElement("span");
    word.textContent = short;
    again.append(canvas, word);
    const remove = button("remove", `Delete: ${long}`, () => this.remove(one));
    remove.textContent = "×";
    const item = document.createElement("li");
    item.append(again, remove);
    return item;
  }

  /** Take one off the list. The focus goes to the next one. */
  remove(one) {
    const place = this.mine.drawings.indexOf(one);
    this.mine.remove(one);
    this.drawing.forgetEarlier((strokes) => areAlike(strokes, one.strokes));
    this.show();
    const buttons = this.list.querySelectorAll(".remove");
    buttons[Math.min(place, buttons.length - 1)]?.focus();
  }
}

function button(name, label, onclick) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: name, title: label, onclick });
  made.setAttribute("aria-label", label);
  return made;
}
