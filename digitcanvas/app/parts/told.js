// What a person says of the answer: see told.py. The companion sends it by the live socket.

import { follow, publish } from "../bus.js";
import { componentOf } from "../component.js";
import { drawingOf } from "./digits.js";

const NO_DIGIT = 10;

const TOLD_AGAIN = "The server does not answer: tell it again.";
const PATIENCE = 20000; // ms

/** What was told of the drawing on the canvas, or of one digit of its number. */
export class Telling {
  version = null; // of the drawing that was told
  drawing = null; // its id in the store
  digit = null; // what it was told to be
  doubt = null; // the digit that it looks like rather
  before = null; // what it was read as before that
  isLearnt = true; // unless this network cannot learn that
  isWaiting = false;
  error = "";
  isForgotten = false;
  answer = { answers: [] };

  /** A new answer of the network; that of another drawing forgets what was told of the one before. */
  hear(answer) {
    if (answer.version !== this.version && !this.isWaiting) Object.assign(this, new Telling());
    this.answer = answer;
  }

  /** Whether there is an answer of which something can be said. */
  get canTell() {
    const { answers = [], isFinal, isAtRest } = this.answer;
    return answers.length > 0 && isFinal && isAtRest && !this.isWaiting;
  }

  get read() {
    const [first] = this.answer.answers ?? [];
    return first?.rejected ? NO_DIGIT : first?.digit;
  }

  /** What to send if the person says this: a digit, 10 for none, or "right"; null if that is known. */
  say(said) {
    const told = said === "right" ? this.read : said;
    if (!this.canTell || told === this.digit) return null;
    const { version } = this.answer;
    this.before ??= this.read;
    Object.assign(this, { version, isWaiting: true, error: "", digit: told });
    const { chosen: place } = this.answer;
    const message = place === undefined ? { told } : { told, place };
    return this.drawing === null ? message : { ...message, correcting: this.drawing };
  }

  /** What to send to have it forgotten. */
  takeBack() {
    this.isWaiting = true;
    return { forget: this.drawing };
  }

  /** What the server said to that. */
  told({ error, forgotten, drawing, digit, doubt, isLearnt }) {
    const { version, answer } = this;
    // What was told before may be gone: the next word is about a drawing that nobody knows
    if (error) Object.assign(this, { isWaiting: false, error, digit: null, drawing: null });
    else if (forgotten) Object.assign(this, new Telling(), { version, answer, isForgotten: true });
    else Object.assign(this, { isWaiting: false, drawing, digit, doubt, isLearnt });
  }

  /** What is told of, where that is not the whole drawing. */
  get subject() {
    const { chosen, answers } = this.answer;
    return chosen === undefined ? "" : `This is about the ${answers[0].digit} that is marked. `;
  }

  get words() {
    const { digit, doubt, before, read, error, isWaiting, isForgotten, isLearnt } = this;
    if (error) return error;
    if (isForgotten) return "Taken back: it is as if you had never told it.";
    if (digit === null || isWaiting) return "";
    if (doubt !== null)
      return `This looks like your ${doubt}s. Are you sure that it is ${a(digit)}?`;
    if (digit === read && digit === before) return `Kept as ${a(digit)}: it was read right.`;
    if (digit === read) return `Read as ${a(digit)} since you told it so.`;
    if (!isLearnt) return `Kept as ${a(digit)}, which this network cannot learn. Others can.`;
    return `Kept as ${a(digit)}, though it still reads ${a(read)}: draw another, and tell it again.`;
  }
}

/** What was told of each digit of the drawing on the canvas. */
export class Tellings {
  of = ""; // which drawing that is, and how many digits it has
  places = new Map();
  chosen = 0; // the place of the digit that is looked at

  /** A new answer, or a look at another digit. That of another drawing forgets what was told. */
  hear(answer) {
    const { chosen = 0 } = answer;
    const of = drawingOf(answer);
    if (of !== this.of && !this.waiting) {
      this.places.clear();
      this.of = of;
    }
    this.chosen = chosen;
    this.current.hear(answer);
  }

  get current() {
    if (!this.places.has(this.chosen)) this.places.set(this.chosen, new Telling());
    return this.places.get(this.chosen);
  }

  /** The one that the server has not answered yet. */
  get waiting() {
    return [...this.places.values()].find(({ isWaiting }) => isWaiting);
  }
}

function a(digit) {
  if (digit === NO_DIGIT) return "no digit";
  return digit === 8 ? "an 8" : `a ${digit}`;
}

class View {
  tellings = new Tellings();

  constructor(element) {
    this.group = element.querySelector(".telling");
    this.line = element.querySelector(".said");
    [this.words] = this.line.children;
    this.sure = this.line.querySelector(".sure");
    this.back = this.line.querySelector(".back");
    for (const button of this.group.querySelectorAll("button")) {
      const { said } = button.dataset;
      button.onclick = () => this.say(said === "right" ? said : Number(said));
    }
    this.sure.onclick = () => {
      this.tellings.current.doubt = null;
      this.paint();
    };
    this.back.onclick = () => {
      if (!this.tellings.waiting) this.send(this.tellings.current.takeBack());
    };
    this.stops = [
      follow("shown", (answer) => {
        if (answer.version === undefined) return; // of a picture
        this.tellings.hear(answer);
        this.paint();
      }),
      follow("key", (digit) => {
        if (digit === null) return;
        publish("key", null);
        this.say(digit);
      }),
      follow("told", (told) => {
        if (!told) return;
        publish("told", null);
        const { waiting } = this.tellings;
        if (!waiting) return; // it was told on another page
        clearTimeout(this.timer);
        waiting.told(told);
        if (told.switched) this.setTriggerValue("switched", true);
        this.paint();
      }),
    ];
  }

  say(said) {
    if (this.tellings.waiting) return;
    const message = this.tellings.current.say(said);
    if (message) this.send(message);
  }

  send(message) {
    publish("telling", message);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.tellings.waiting?.told({ error: TOLD_AGAIN });
      this.paint();
    }, PATIENCE);
    this.paint();
  }

  update({ data, setTriggerValue }) {
    Object.assign(this, { note: data.note, setTriggerValue });
    this.paint();
  }

  paint() {
    const { group, line } = this;
    const telling = this.tellings.current;
    const isShown = telling.canTell || telling.isWaiting;
    group.inert = !isShown || Boolean(this.tellings.waiting && !telling.isWaiting);
    for (const button of group.querySelectorAll("button")) {
      const isSaid = button.dataset.said === String(telling.digit);
      button.setAttribute("aria-pressed", String(isSaid));
    }
    const words = telling.words || (isShown ? `${telling.subject}${this.note}` : "");
    if (this.words.textContent !== words) this.words.textContent = words;
    line.classList.toggle("error", Boolean(telling.error));
    const isTold = isShown && telling.drawing !== null && telling.digit !== null;
    this.sure.hidden = !(isTold && telling.doubt !== null);
    this.sure.textContent = `Yes, ${a(telling.digit)}`;
    this.back.hidden = !isTold;
  }

  stop() {
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }
}

export default componentOf((element) => new View(element));
