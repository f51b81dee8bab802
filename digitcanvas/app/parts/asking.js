// Asks for digits one after another, and has each drawing told to the hand: see asking.py.
//
// The companion has the drawings read, and sends what is told by the live socket.

import { follow, publish } from "../bus.js";
import { componentOf } from "../component.js";

const NO_DIGIT = 10;

const PAUSE = 650; // ms after the pen is at rest, a second after its lift, until a drawing counts

/** What is asked for, and what was drawn so far. */
export class Asking {
  counts = Array(10).fill(0); // of the drawings told, by digit
  rounds = 0; // recommended
  goal = 0; // the rounds to go to
  digit = null; // the one asked for; null while nothing is
  isDrawn = false; // whether the pen has drawn something for it
  told = null; // the last one: { digit, read, drawing: its id as soon as it is kept, doubt }
  isForgetting = false; // whether that is being taken back
  error = "";

  constructor(random = Math.random) {
    this.random = random;
  }

  /** Which hand learns, and how many drawings of each digit it was told, as the server knows it. */
  update({ hand, counts, rounds }) {
    const isOther = this.hand && hand !== this.hand; // the first drawing makes the first hand
    if (isOther) Object.assign(this, { digit: null, told: null, error: "" });
    this.hand = hand;
    if (this.digit !== null || this.isTelling) return;
    Object.assign(this, { counts: [...counts], rounds, goal: rounds });
  }

  /** The rounds that are complete: how often each digit was drawn, at least. */
  get round() {
    return Math.min(...this.counts);
  }

  get done() {
    return this.counts.reduce((sum, count) => sum + Math.min(count, this.goal), 0);
  }

  get total() {
    return 10 * this.goal;
  }

  start() {
    Object.assign(this, { goal: Math.max(this.rounds, this.round + 1), told: null, error: "" });
    this.next();
  }

  stop() {
    this.digit = null;
  }

  /** Ask for one of the digits that the round lacks, and not for the last one again. */
  next() {
    if (this.round >= this.goal) return this.stop();
    const due = [...this.counts.keys()].filter((digit) => this.counts[digit] === this.round);
    const others = due.filter((digit) => digit !== this.told?.digit);
    const choice = others.length ? others : due;
    this.ask(choice[Math.floor(this.random() * choice.length)]);
  }

  ask(digit) {
    Object.assign(this, { digit, isDrawn: false });
  }

  /** Whether this answer is of a whole drawing of what is asked for. */
  isDone({ answers = [], isFinal, isAtRest }) {
    const isRead = answers.length > 0 && isFinal && isAtRest;
    return this.digit !== null && this.isDrawn && isRead && !this.isTelling;
  }

  /** The drawing with this answer counts, and the next is asked for. Gives what to tell. */
  tell({ answers: [first] }) {
    const { digit } = this;
    const read = first.rejected ? NO_DIGIT : first.digit;
    Object.assign(this, { told: { digit, read, drawing: null, doubt: null }, error: "" });
    this.counts[digit] += 1;
    this.next();
    return { told: digit, clears: true };
  }

  get isTelling() {
    return this.isForgetting || this.told?.drawing === null;
  }

  get canTakeBack() {
    return this.told !== null && !this.isTelling;
  }

  /** The last drawing was not what was asked for. Gives what to tell. */
  takeBack() {
    this.isForgetting = true;
    return { forget: this.told.drawing, clears: true };
  }

  /** What the server said to that. Gives whether the digit has to be drawn again. */
  hear({ error = "", drawing, doubt = null }) {
    if (!this.isTelling) return false;
    const { digit } = this.told;
    const isGone = this.isForgetting ? !error : Boolean(error);
    if (isGone) {
      this.counts[digit] -= 1;
      this.told = null;
      if (this.digit !== null || this.isForgetting) this.ask(digit);
    } else if (!this.isForgetting) Object.assign(this.told, { drawing, doubt });
    Object.assign(this, { isForgetting: false, error });
    return isGone;
  }

  /** How the last one was read before it was told. */
  get words() {
    const { error, told } = this;
    if (error) return error;
    if (!told?.drawing) return "";
    const { digit, read, doubt } = told;
    if (doubt !== null) return `Your ${digit} looks like your ${doubt}s.`;
    if (read === digit) return `Your ${digit} was read right.`;
    if (read === NO_DIGIT) return `Your ${digit} was not taken for a digit until now.`;
    return `Your ${digit} was read as ${a(read)} until now.`;
  }
}

function a(digit) {
  return digit === 8 ? "an 8" : `a ${digit}`;
}

class View {
  answer = {};
  isPenDown = false;
  waiting = null; // the version of the drawing that is about to count

  constructor(element) {
    this.asking = new Asking();
    this.box = element.querySelector(".asking");
    const names = ["asked", "invitation", "go", "halt", "back", "bar", "count", "words"];
    this.parts = Object.fromEntries(
      names.map((name) => [name, this.box.querySelector(`.${name}`)]),
    );
    this.parts.go.onclick = () => this.start();
    this.parts.halt.onclick = () => this.halt();
    this.parts.back.onclick = () => this.tell(this.asking.takeBack());
    this.ends = [
      follow("pen", (isDown) => {
        this.isPenDown = isDown;
        this.asking.isDrawn ||= isDown;
        this.consider();
      }),
      follow("answer", (answer) => {
        this.answer = answer;
        this.consider();
      }),
      follow("told", (told) => {
        if (!told) return;
        publish("told", null);
        this.hear(told);
      }),
      follow("key", (digit) => {
        if (digit !== null) publish("key", null); // it tells nothing here
      }),
    ];
  }

  start() {
    publish("drop", true);
    this.asking.start();
    this.paint();
  }

  halt() {
    this.asking.stop();
    this.consider();
    this.paint();
    this.setTriggerValue("stopped", true);
  }

  /** A whole drawing counts when the pen has rested for a while. */
  consider() {
    const isDone = !this.isPenDown && this.asking.isDone(this.answer);
    const version = isDone ? this.answer.version : null;
    if (version === this.waiting) return;
    clearTimeout(this.timer);
    this.waiting = version;
    this.box.classList.toggle("resting", isDone);
    if (isDone) this.timer = setTimeout(() => this.tell(this.asking.tell(this.answer)), PAUSE);
  }

  tell(message) {
    publish("telling", message);
    this.consider();
    this.paint();
  }

  hear(told) {
    const isAgain = this.asking.hear(told);
    if (isAgain) publish("drop", true);
    this.consider();
    this.paint();
    if (this.asking.digit === null) this.setTriggerValue("stopped", true);
  }

  update({ data, setTriggerValue }) {
    Object.assign(this, { invitation: data.invitation, setTriggerValue });
    this.asking.update(data);
    this.paint();
  }

  paint() {
    const { asking, invitation } = this;
    const { asked, invitation: welcome, go, halt, back, bar, count, words } = this.parts;
    const { digit, done, total, goal, told } = asking;
    const isAsking = digit !== null;
    document.documentElement.classList.toggle("is-asking", isAsking);
    say(asked, isAsking ? `Draw ${a(digit)}` : "Teach it your hand");
    asked.dataset.digit = isAsking ? digit : "";
    say(welcome, isAsking ? "" : invitation);
    go.hidden = isAsking;
    say(go, done === 0 ? "Start" : done < total ? "Go on" : "Draw another round");
    halt.hidden = !isAsking;
    back.hidden = !asking.canTakeBack;
    say(back, told ? `That was not ${a(told.digit)}` : "");
    Object.assign(bar, { max: total, value: done });
    say(count, `${done} of ${total}, round ${Math.min(asking.round + 1, goal)} of ${goal}`);
    say(words, asking.words);
    words.classList.toggle("error", Boolean(asking.error));
  }

  stop() {
    clearTimeout(this.timer);
    document.documentElement.classList.remove("is-asking");
    for (const end of this.ends) end();
  }
}

/** Have an element say this; one that has nothing to say is hidden. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  if (element.tagName !== "BUTTON") element.hidden = !text;
}

export default componentOf((element) => new View(element));
