// The canvas' companion: it hears the pen, keeps the drawing, shows it on the canvas, has it read
// while it is drawn, and undoes, redoes and clears. See companion.py.

import { follow, publish } from "../bus.js";
import { connect, drawing, live } from "../tab.js";
import { Pen } from "./pen.js";
import { sampleOf } from "./samples.js";
import { findCanvas, Surface } from "./surface.js";

const REST = 350; // ms after which a lifted pen is at rest, and the drawing is judged as a whole

const TRAIL = 8; // digits: more do not fit on the trail's line

class Companion {
  width = 0;
  surface = null;
  last = { answers: [] }; // the newest reply
  trail = [];
  isAtRest = true;
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
      button.onclick = () => this.try(digit);
    });
    this.pen = new Pen((event) => this.canvasUnder(event), {
      press: (point) => {
        drawing.press(point, this.width);
        this.surface.press(...drawing.strokes.at(-1).points.slice(-2));
        this.drawn();
      },
      move: (points) => {
        const { points: row } = drawing.strokes.at(-1);
        const before = row.length;
        drawing.move(points);
        for (let i = before; i < row.length; i += 2) this.surface.move(row[i], row[i + 1]);
        this.drawn();
      },
      lift: () => {
        drawing.lift();
        this.surface.lift(...drawing.strokes.at(-1).points.slice(-2));
        this.drawn();
        this.paint(); // the answer may have come before the lift
      },
    });
    this.ignore = follow("reply", (reply) => this.hear(reply));
    this.looking = requestAnimationFrame(() => this.look());
  }

  /** The canvas may come later than we do, and another one may take its place. */
  look = () => {
    if (!this.findCanvas()) this.looking = requestAnimationFrame(this.look);
  };

  findCanvas() {
    const canvas = findCanvas(document.querySelector(".st-key-canvas"));
    if (canvas && canvas !== this.surface?.canvas) {
      this.pen.end();
      this.surface = new Surface(canvas);
      this.surface.show(drawing.strokes);
    }
    return canvas;
  }

  canvasUnder(event) {
    const [target] = event.composedPath();
    return target.matches?.("canvas.upper-canvas") && target === this.findCanvas() ? target : null;
  }

  change(action) {
    this.pen.end();
    drawing[action]();
    if (action === "undo") this.surface?.undo(drawing.strokes);
    if (action === "redo") this.surface?.add(drawing.strokes.slice(-1));
    if (action === "clear") this.surface?.wipe();
    this.read();
  }

  /** Show a sample instead of what was drawn. */
  try(digit) {
    this.pen.end();
    drawing.replace(sampleOf(digit), this.width);
    this.surface?.show(drawing.strokes);
    this.read();
  }

  /** The pen has changed the drawing. */
  drawn() {
    this.isAtRest = false;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.isAtRest = !this.pen.isDown;
      this.paint();
    }, REST);
    this.read();
  }

  /** Have the drawing read, if it or the way to read it has changed. */
  read() {
    this.buttons.undo.disabled = !drawing.strokes.length;
    this.buttons.redo.disabled = !drawing.undone.length;
    if (!drawing.strokes.length) this.hear({ answers: [] });
    live.tell(!this.pen.isDown);
  }

  hear(reply) {
    const isEmpty = !drawing.strokes.length;
    if (isEmpty && reply.answers?.length) return; // there is never an answer without a drawing
    this.last = reply;
    const [first] = reply.answers ?? [];
    const reader = JSON.stringify([live.options, first?.label]);
    if (isEmpty || reader !== this.reader) this.trail = [];
    this.reader = reader;
    if (first && !first.rejected && first.digit !== this.trail.at(-1)) {
      this.trail = [...this.trail, first.digit].slice(-TRAIL);
    }
    this.paint();
  }

  /** Have the answer painted. It is final when it is of all that was drawn, and the pen is up. */
  paint() {
    const isFinal = !this.pen.isDown && !(live.drawing && live.isWaiting);
    const { last, trail, isAtRest } = this;
    publish("answer", { ...last, trail, isFinal, isAtRest });
  }

  update({ data, setStateValue }) {
    this.width = data.width;
    live.drawing = drawing;
    live.options = data.options;
    live.emit = (message) => setStateValue("drawing", message);
    connect(data.live);
    if (data.reply) live.receive(data.reply);
    this.findCanvas();
    this.read();
  }

  stop() {
    this.pen.stop();
    this.ignore();
    cancelAnimationFrame(this.looking);
    clearTimeout(this.resting);
    live.leave();
  }
}

const companions = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!companions.has(parentElement)) {
    companions.set(parentElement, new Companion(parentElement));
  }
  const companion = companions.get(parentElement);
  companion.update(component);
  const call = ++companion.calls;
  return () => {
    // Streamlit may clean up a call after it makes the next one: only the newest call counts.
    if (companion.calls !== call) return;
    companion.stop();
    companions.delete(parentElement);
  };
}
