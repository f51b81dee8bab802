// The canvas' companion: it follows the pen, keeps the drawing, shows it on the canvas, has it read
// while it is drawn, and undoes, redoes and clears. See companion.py.

import { follow, publish } from "../bus.js";
import { connect, drawing, live, mine } from "../tab.js";
import { narrowed } from "./drawing.js";
import { actionOf, digitOf, isCovered } from "./keys.js";
import { Pen } from "./pen.js";
import { sampleOf } from "./samples.js";
import { broughtBy, Share } from "./share.js";
import { findCanvas, surfaceOf } from "./surface.js";

const REST = 350; // ms after which a lifted pen is at rest, and the drawing is judged as a whole

const REACTION = 700; // ms after a game asks for the next digit in which one draws the last still

const TRAIL = 8; // digits: more do not fit on the trail's line

class Companion {
  width = 0;
  surface = null;
  last = { answers: [] }; // the newest reply
  shown = {}; // what the page shows of it: one digit of a number
  trail = [];
  isAtRest = true;
  round = null; // of the game in the room, while one is played
  drawnIn = null; // the round in which the drawing began
  sides = null; // how many the canvas is wide, as the page has it
  shownOn = null; // how many it was when the drawing was last shown
  calls = 0;

  constructor(element) {
    this.buttons = Object.fromEntries(
      ["undo", "redo", "clear"].map((action) => {
        const button = element.querySelector(`.st-key-${action} button`);
        button.onclick = () => this.change(action);
        return [action, button];
      }),
    );
    element.querySelectorAll(".samples button").forEach((button, digit) => {
      button.onclick = () => this.try(sampleOf(digit));
    });
    this.notice = element.querySelector(".notice");
    const again = (strokes) => this.try(strokes.map(({ points }) => points));
    new Share(element, { drawing, mine, again });
    this.pen = new Pen((event) => this.canvasUnder(event), {
      press: (point) => {
        publish("pen", true);
        this.begin();
        drawing.press(this.surface.inSides(point), this.width);
        this.surface.press(...drawing.strokes.at(-1).points.slice(-2));
        this.drawn();
      },
      move: (points) => {
        const { points: row } = drawing.strokes.at(-1);
        const before = row.length;
        drawing.move(points.map((point) => this.surface.inSides(point)));
        for (let i = before; i < row.length; i += 2) this.surface.move(row[i], row[i + 1]);
        this.drawn();
      },
      lift: () => {
        publish("pen", false);
        drawing.lift();
        this.surface.lift(...drawing.strokes.at(-1).points.slice(-2));
        this.drawn();
        this.paint(); // the answer may have come before the lift
      },
    });
    this.ignoreTelling = follow("telling", (telling) => telling && this.tell(telling));
    this.ignoreDrop = follow("drop", (isAsked) => {
      if (!isAsked) return;
      publish("drop", null);
      this.change("drop");
    });
    this.ignoreRoom = follow("room", (room) => {
      const { game } = room?.code === live.options.room ? room : {};
      const round = game && !game.isOver ? game.round : null;
      if (round !== this.round) Object.assign(this, { round, askedAt: Date.now() });
    });
    document.addEventListener("keydown", this.typed);
    window.addEventListener("hashchange", this.open);
    this.ignoreShown = follow("shown", (answer) => {
      if (answer.version === undefined) return; // of a picture
      this.shown = answer;
      this.mark();
    });
  }

  typed = (event) => {
    const action = actionOf(event, this.pen.isDown);
    const told = digitOf(event);
    if ((!action && told === null) || !isShown(this.findCanvas()) || isCovered()) return;
    event.preventDefault();
    if (told !== null) publish("key", told);
    else if (!this.buttons[action].disabled) this.change(action);
  };

  /**
   * Tell the server what the drawing is, or to forget what it was told (see told.js), and have an
   * empty canvas at once if that is asked for.
   */
  tell({ clears = false, ...telling }) {
    publish("telling", null);
    if (clears) this.pen.end();
    if (this.pen.isDown || !(drawing.strokes.length || "forget" in telling)) return;
    live.say(telling);
    if (!clears) return;
    if (live.isTelling) this.change("drop");
    else live.unsay();
  }

  /** The canvas may come later than we do, and another one may take its place. */
  look = () => {
    cancelAnimationFrame(this.looking);
    const isThere = this.findCanvas() && this.surface.sides === this.sides;
    if (!isThere) this.looking = requestAnimationFrame(this.look);
  };

  findCanvas() {
    const canvas = findCanvas(document.querySelector(".st-key-canvas"));
    const surface = canvas && surfaceOf(canvas);
    if (surface && (surface !== this.surface || surface.sides !== this.shownOn)) {
      this.pen.end();
      Object.assign(this, { surface, shownOn: surface.sides });
      this.show(0);
      this.mark();
    }
    return canvas;
  }

  /** Show the strokes from this one on; with the present pen, so that they are read with it too. */
  show(first) {
    drawing.thicken(first, this.width);
    if (first) this.surface?.add(drawing.strokes.slice(first));
    else this.surface?.show(this.isGuest ? narrowed(drawing.strokes) : drawing.strokes);
  }

  /** Whether the drawing is another page's, too wide for this one: it is looked at, no more. */
  get isGuest() {
    return !this.canWiden && drawing.isWide;
  }

  /** Mark the digits of a number where they lie, and the one that is looked at. */
  mark() {
    const { digits = [], chosen, version } = this.shown;
    const isMarked = this.canWiden && version === drawing.version;
    this.surface?.mark(isMarked ? digits.map(({ box }) => box) : [], chosen);
  }

  /** The canvas is so many sides wide now: where it was made square, the drawing is made smaller. */
  fit(sides) {
    if (sides === this.sides) return;
    const wasWide = this.sides > sides;
    this.sides = sides;
    if (!wasWide) return this.widen();
    if (!drawing.isWide) return;
    drawing.narrow();
    this.show(0);
  }

  /** A wide drawing that has come as a whole asks for a wide canvas. */
  widen() {
    if (this.canWiden && this.sides === 1 && drawing.isWide) this.setTriggerValue("widen", true);
  }

  canvasUnder(event) {
    const [target] = event.composedPath();
    return target.matches?.("canvas.upper-canvas") && target === this.findCanvas() ? target : null;
  }

  /** The pen is down. In a game, the first stroke for another digit has an empty canvas. */
  begin() {
    const isLate = this.drawnIn !== null && Date.now() - this.askedAt < REACTION;
    const isDrawing = !this.isAtRest || isLate;
    const isOther = this.round !== null && this.round !== this.drawnIn && !isDrawing;
    if ((isOther || this.isGuest) && drawing.strokes.length) {
      drawing.clear();
      this.surface.wipe();
    }
    if (!drawing.strokes.length) this.drawnIn = this.round;
  }

  change(action) {
    this.pen.end();
    const isWhole = drawing[action]();
    if (action === "clear" || action === "drop") this.surface?.wipe();
    else if (isWhole) this.show(0);
    else if (action === "redo") this.show(drawing.strokes.length - 1);
    else if (!this.surface?.undo()) this.show(0);
    this.read();
    if (isWhole) this.widen();
    if (action === "undo" || action === "redo") this.settle();
  }

  /** Show a sample or another drawing, rows of points, instead of what was drawn. */
  try(rows) {
    this.pen.end();
    drawing.try(rows, this.width);
    this.show(0);
    this.widen();
    this.read();
  }

  /** Show the drawing that the address brings, if it does. The tab keeps it, not the address. */
  open = () => {
    const brought = broughtBy(location.hash);
    if (!brought) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    if (brought.rows) this.try(brought.rows);
    this.notice.textContent = brought.error ?? "";
  };

  /** The pen has changed the drawing. */
  drawn() {
    this.notice.textContent = "";
    this.isAtRest = false;
    this.settle();
    this.read();
  }

  /** Once the pen is at rest, the drawing is judged as a whole, and goes to the room's wall. */
  settle() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.isAtRest = !this.pen.isDown;
      const isOwn = drawing.strokes.length > 0 && !drawing.base; // no sample, nor an earlier one
      if (this.isAtRest && isOwn && live.options.room) live.rest();
      this.paint();
    }, REST);
  }

  /** Have the drawing read, if it or the way to read it has changed. */
  read() {
    this.buttons.undo.disabled = !drawing.canUndo;
    this.buttons.redo.disabled = !drawing.canRedo;
    this.buttons.clear.disabled = !drawing.strokes.length;
    if (!drawing.strokes.length) this.hear({ answers: [] });
    live.tell(!this.pen.isDown);
    if (this.wasFinal) this.paint(); // it may be so no longer
  }

  hear(reply) {
    if (reply.told) publish("told", reply.told);
    const isEmpty = !drawing.strokes.length;
    // There is never an answer without a drawing
    if (isEmpty && (reply.error || reply.answers?.length)) return;
    this.last = reply;
    const [first] = reply.answers ?? [];
    const reader = JSON.stringify([live.options, first?.label]);
    if (isEmpty || reader !== this.reader) this.trail = [];
    this.reader = reader;
    const read = first?.text ?? first?.digit;
    if (first && !first.rejected && read !== this.trail.at(-1)) {
      this.trail = [...this.trail, read].slice(-TRAIL);
    }
    this.paint();
  }

  /** Have the answer painted. It is final when it is of all that was drawn, and the pen is up. */
  paint() {
    const isFinal = !this.pen.isDown && !(live.drawing && live.isWaiting);
    const { last, trail, isAtRest } = this;
    this.wasFinal = isFinal;
    if (isFinal && last.answers?.length) mine.hear(drawing.version, last.answers[0]);
    publish("answer", { ...last, trail, isFinal, isAtRest, version: drawing.version });
  }

  update({ data, setStateValue, setTriggerValue }) {
    const { width, canWiden } = data;
    Object.assign(this, { width, canWiden, setTriggerValue });
    live.drawing = drawing;
    live.options = data.options;
    this.emit = (message) => setStateValue("drawing", message);
    live.emit = this.emit;
    this.ignore ??= follow("reply", (reply) => this.hear(reply));
    connect(data.live);
    if (data.reply) live.receive(data.reply);
    this.fit(data.sides);
    this.look();
    this.open();
    this.read();
  }

  stop() {
    this.pen.stop();
    document.removeEventListener("keydown", this.typed);
    window.removeEventListener("hashchange", this.open);
    this.ignore?.();
    this.ignoreTelling();
    this.ignoreDrop();
    this.ignoreRoom();
    this.ignoreShown();
    cancelAnimationFrame(this.looking);
    clearTimeout(this.resting);
    live.leave(this.emit);
  }
}

function isShown(canvas) {
  return canvas?.getBoundingClientRect().width > 0;
}

export default function (component) {
  const { parentElement } = component;
  if (!(parentElement.companion instanceof Companion)) {
    parentElement.companion?.stop(); // one of another version of this script
    parentElement.companion = new Companion(parentElement);
  }
  const { companion } = parentElement;
  companion.update(component);
  const call = ++companion.calls;
  return () => {
    // Streamlit may clean up a call after it makes the next one: only the newest call counts.
    if (companion.calls !== call) return;
    companion.stop();
    delete parentElement.companion;
  };
}
