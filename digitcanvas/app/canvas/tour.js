// A tour on a browser's first visit, step by step: a line of text, and what it is about is framed.
//
// It covers nothing, and nothing of it changes while the pen is down. The first step is done when a
// drawing has been read. See tour.py.

import { follow } from "../bus.js";
import { isCovered } from "./keys.js";

const SEEN = "digitcanvas.tour"; // in the browser's storage: whether it has been shown
const STEP = "digitcanvas.tour.step"; // in the tab's: where it is, so that a reload goes on there

const SIDEBAR = '[data-testid="stSidebar"]';

/** The steps' words, short enough for two lines on a phone, where the sidebar is closed. */
export function wordsOf(step, isSidebarClosed) {
  return [
    "Draw a digit on the black canvas.",
    "Read the answer, and how likely each digit is.",
    isSidebarClosed
      ? "Press » at the top left: another network reads it too."
      : "Use the switch on the left to let another network read it.",
    isSidebarClosed
      ? "Behind » you can also train a network of your own."
      : "Press Retrain on the left for a network of your own.",
  ][step];
}

const STEPS = 4; // the last is about training, which not every server can

/** Where the tour is: a step, counted from 0, or null when it is not shown. */
export class Tour {
  step = null;

  /** `browser` and `tab` give what keeps strings by name, as localStorage does, or fail. */
  constructor(browser, tab, steps) {
    Object.assign(this, { browser, tab, steps });
    const kept = load(tab, STEP);
    if (kept !== null) this.step = /^\d$/.test(kept) && Number(kept) < steps ? Number(kept) : null;
    else if (load(browser, SEEN) === null) this.start();
    keep(browser, SEEN, "seen");
  }

  get isLast() {
    return this.step === this.steps - 1;
  }

  start() {
    this.move(0);
  }

  next() {
    if (this.step !== null) this.move(this.isLast ? null : this.step + 1);
  }

  end() {
    this.move(null);
  }

  /** A drawing has been read. */
  drawn() {
    if (this.step === 0) this.next();
  }

  move(step) {
    this.step = step;
    keep(this.tab, STEP, `${step}`);
  }
}

function load(storage, name) {
  try {
    return storage().getItem(name);
  } catch {
    return null; // forbidden
  }
}

function keep(storage, name, value) {
  try {
    storage().setItem(name, value);
  } catch {
    // full or forbidden: it is shown again
  }
}

class View {
  calls = 0;
  isPenDown = false;
  answer = {};

  constructor(element, tour) {
    this.tour = tour;
    this.card = element.querySelector(".tour");
    this.words = this.card.querySelector("p");
    this.nextButton = this.card.querySelector(".next");
    this.again = element.querySelector(".around");
    this.nextButton.onclick = () => this.go(() => tour.next());
    this.card.querySelector(".skip").onclick = () => this.go(() => tour.end());
    this.again.onclick = () => {
      this.seen = this.answer.turn;
      this.go(() => tour.start());
    };
    this.ends = [
      follow("pen", (isDown) => {
        this.isPenDown = isDown;
      }),
      follow("answer", (answer) => this.hear(answer)),
    ];
    window.addEventListener("keydown", this.escape, true);
    this.watch();
    this.paint();
  }

  /** The first step is done by a drawing that was made since the tour began. */
  hear(answer) {
    this.answer = answer;
    const { answers = [], turn, isFinal } = answer;
    if (this.tour.step !== 0 || !isFinal || !answers.length || turn === this.seen) return;
    this.go(() => this.tour.drawn());
  }

  /** Escape skips the tour, before it clears the drawing. */
  escape = (event) => {
    if (event.key !== "Escape" || this.tour.step === null || this.isPenDown) return;
    if (event.defaultPrevented || !this.card.offsetParent || isCovered()) return;
    if (event.target.matches?.("input, textarea, select")) return;
    event.preventDefault();
    this.go(() => this.tour.end());
  };

  /** The words say where the sidebar is while it is closed. */
  watch() {
    const sidebar = document.querySelector(SIDEBAR);
    if (!sidebar) return;
    this.watcher = new MutationObserver(() => this.paint());
    this.watcher.observe(sidebar, { attributeFilter: ["aria-expanded"] });
  }

  go(move) {
    const hadFocus = this.card.contains(document.activeElement) || this.again.matches(":focus");
    move();
    this.paint();
    if (hadFocus) (this.tour.step === null ? this.again : this.buttonToPress).focus();
  }

  get buttonToPress() {
    return this.nextButton.hidden ? this.card.querySelector(".skip") : this.nextButton;
  }

  paint() {
    const { step, steps, isLast } = this.tour;
    this.card.hidden = step === null;
    this.again.hidden = step !== null;
    this.nextButton.hidden = step === 0; // a drawing is what goes on
    this.nextButton.textContent = isLast ? "Done" : "Next";
    this.card.querySelector(".skip").hidden = isLast;
    const isClosed = document.querySelector(SIDEBAR)?.getAttribute("aria-expanded") === "false";
    const words = step === null ? "" : `${step + 1} of ${steps}. ${wordsOf(step, isClosed)}`;
    if (this.words.textContent !== words) this.words.textContent = words;
    if (step === null) delete document.documentElement.dataset.tour;
    else document.documentElement.dataset.tour = step + 1;
  }

  stop() {
    for (const end of this.ends) end();
    window.removeEventListener("keydown", this.escape, true);
    this.watcher?.disconnect();
    delete document.documentElement.dataset.tour;
  }
}

let tour;
const views = new WeakMap();

export default function ({ data, parentElement }) {
  tour ??= new Tour(
    () => localStorage,
    () => sessionStorage,
    data.canTrain ? STEPS : STEPS - 1,
  );
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement, tour));
  const view = views.get(parentElement);
  const call = ++view.calls;
  return () => {
    // Streamlit may clean up a call after it makes the next one: only the newest call counts.
    if (view.calls !== call) return;
    view.stop();
    views.delete(parentElement);
  };
}
