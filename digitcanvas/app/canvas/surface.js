// The canvas component as a surface that shows strokes, and does nothing else.
//
// streamlit-drawable-canvas draws what mouse events tell it. It gets them from us alone, so that
// what it shows is the drawing. Its toolbar's Undo takes the ink away; the toolbar is not shown.

import { colourOf } from "../parts/places.js";
import { SIDE } from "./drawing.js";

const LOOK = `
  .dc-toolbar { display: none !important }
  .dc-root, .dc-scroll { width: 100% !important; overflow: hidden !important }
  .dc-container { width: 100% !important; height: auto !important; aspect-ratio: var(--sides, 1) }
  .dc-container .canvas-container, canvas { width: 100% !important; height: 100% !important }
  canvas { border-radius: 0.5rem; touch-action: none !important }
  .places { position: absolute; inset: 0; z-index: 20; overflow: hidden; pointer-events: none }
  .place { position: absolute; border: 2px solid transparent; border-radius: 0.5rem }
  .place.chosen { border-color: var(--place) }
  .place::after { content: ""; position: absolute; inset: auto 0 -2px; height: 4px;
    border-radius: 2px; background: var(--place) }
`;

const MARGIN = 14; // canvas pixels around a digit's points: half a broad pen

const REMEMBERED = 100; // steps that the canvas' Undo can take back

export class Surface {
  steps = 0; // the newest strokes, which the canvas' Undo takes back one by one
  remembered = 0; // strokes that it can take back at all, at most
  isFull = false; // whether there are others, which it can take back no more
  busy = Promise.resolve(); // until the ink that was taken away is gone
  waiting = 0; // what is to be drawn after that

  constructor(canvas) {
    this.canvas = canvas;
    canvas.setAttribute("role", "img");
    canvas.setAttribute(
      "aria-label",
      "Canvas: draw a digit or a number with a mouse, a pen or a finger",
    );
    const style = document.createElement("style");
    style.textContent = LOOK;
    this.places = document.createElement("div");
    this.places.className = "places";
    canvas.getRootNode().append(style, this.places);
  }

  /** How many times as wide as high the canvas is. */
  get sides() {
    return Math.round(this.canvas.width / this.canvas.height);
  }

  /** Mark where the digits of a number lie, and the one that is chosen: a box each, or none. */
  mark(boxes, chosen) {
    const { places, sides } = this;
    while (places.childElementCount > boxes.length) places.lastElementChild.remove();
    boxes.forEach(([left, top, right, bottom], index) => {
      const place = places.children[index] ?? places.appendChild(document.createElement("div"));
      place.className = index === chosen ? "place chosen" : "place";
      place.style.setProperty("--place", colourOf(index));
      const across = (value) => `${(100 * within(value, SIDE * sides)) / (SIDE * sides)}%`;
      const down = (value) => `${(100 * within(value, SIDE)) / SIDE}%`;
      place.style.left = across(left - MARGIN);
      place.style.top = down(top - MARGIN);
      place.style.right = across(SIDE * sides - right - MARGIN);
      place.style.bottom = down(SIDE - bottom - MARGIN);
    });
  }

  /** A point in shares of the width and the height, in sides of the canvas, which may be wide. */
  inSides([x, y]) {
    return [x * this.sides, y];
  }

  press(x, y) {
    this.isFull ||= this.remembered === REMEMBERED;
    this.steps = Math.min(this.steps + 1, REMEMBERED);
    this.remembered = Math.min(this.remembered + 1, REMEMBERED);
    this.send("mousedown", x, y);
  }

  move(x, y) {
    this.send("mousemove", x, y);
  }

  lift(x, y) {
    this.send("mouseup", x, y);
  }

  /** Take the newest stroke away. Gives whether the canvas can do that. */
  undo() {
    if (this.steps < 1) return false;
    this.steps -= 1;
    this.remembered -= 1;
    this.takeBack(1);
    return true;
  }

  /** Show these strokes instead of what is shown. */
  show(strokes) {
    this.wipe();
    this.add(strokes);
    this.steps = 0; // the canvas may have taken them for one
  }

  add(strokes) {
    for (const { points } of strokes) {
      this.press(points[0], points[1]);
      for (let i = 2; i < points.length; i += 2) this.move(points[i], points[i + 1]);
      this.lift(points.at(-2), points.at(-1));
    }
  }

  wipe() {
    if (this.isFull) this.later(() => this.button("Reset canvas & history").click());
    else this.takeBack(REMEMBERED);
    Object.assign(this, { steps: 0, remembered: 0, isFull: false });
  }

  /** Press the canvas' Undo up to `times` times, until there is nothing left to take back. */
  takeBack(times) {
    this.later(async () => {
      for (let left = times; left > 0 && !this.button("Undo").disabled; left -= 1) {
        this.button("Undo").click();
        await nextTask(); // it loads what is left in promises; two loads at once would mix
      }
    });
  }

  button(title) {
    return this.canvas.getRootNode().querySelector(`button[title="${title}"]`);
  }

  send(type, x, y) {
    this.soon(() => {
      const box = this.canvas.getBoundingClientRect();
      // A mouse event has whole pixels, a pointer event of the same name has fractions too
      const event = new PointerEvent(type, {
        clientX: box.left + (x / SIDE / this.sides) * box.width,
        clientY: box.top + (y / SIDE) * box.height,
        buttons: type === "mouseup" ? 0 : 1,
        isPrimary: true,
        bubbles: true,
        composed: true,
        cancelable: true,
        view: window,
      });
      this.canvas.dispatchEvent(event);
    });
  }

  /** Do it now, or after what waits already. */
  soon(action) {
    if (this.waiting) this.busy = this.busy.then(action);
    else action();
  }

  /** Do it after what waits already; everything else waits until it is done. */
  later(action) {
    this.waiting += 1;
    this.busy = this.busy.then(action).catch(console.error).then(nextTask);
    this.busy = this.busy.then(() => {
      this.waiting -= 1;
    });
  }
}

function within(value, most) {
  return Math.min(Math.max(value, 0), most);
}

function nextTask() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

const surfaces = new WeakMap();

/** The one surface of a canvas. */
export function surfaceOf(canvas) {
  if (!surfaces.has(canvas)) surfaces.set(canvas, new Surface(canvas));
  return surfaces.get(canvas);
}

/** The canvas element to draw on inside the page's element of this class, or null. */
export function findCanvas(container) {
  for (const element of container?.querySelectorAll("*") ?? []) {
    const canvas = element.shadowRoot?.querySelector("canvas.upper-canvas");
    if (canvas) return canvas;
  }
  return null;
}
