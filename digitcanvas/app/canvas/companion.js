// Tells the server of a stroke while it is drawn: see companion.py.

const PACE = 120; // ms between two messages, at the least
const SPACING = 2; // canvas pixels between two points of a stroke that goes on
const LATE = 1000; // ms in which the canvas reports a stroke, and the server answers

class Companion {
  strokes = []; // those that the server may not know of from the canvas yet, the oldest first
  stroke = null; // the one being drawn
  pointers = new Set();
  turn = 0; // the number of the last message
  sent = -Infinity; // when it was sent
  took = 0; // how long the last answer took
  waits = false; // whether there is more to tell
  heard = true; // whether the last message was answered
  calls = 0;
  listening = new AbortController();

  constructor() {
    for (const [type, listener] of [
      ["pointerdown", this.down],
      ["pointermove", this.move],
      ["pointerup", this.up],
      ["pointercancel", this.up],
    ]) {
      const { signal } = this.listening;
      document.addEventListener(type, listener, { capture: true, passive: true, signal });
    }
  }

  down = (event) => {
    this.pointers.add(event.pointerId);
    if (isOn(event, "dc-toolbar")) this.forget(); // it may take back what it has not reported
    const canvas = canvasUnder(event);
    if (!canvas || !event.isPrimary || event.button !== 0) return;
    this.pointers = new Set([event.pointerId]); // where the lift of others was lost
    this.strokes = this.strokes.filter((stroke) => stroke.lifted);
    const now = Math.round(performance.timeOrigin + performance.now());
    const started = Math.max(now, (this.stroke?.started ?? 0) + 1);
    this.stroke = { started, lifted: false, points: [], canvas, pointer: event.pointerId };
    this.strokes.push(this.stroke);
    this.add(event);
    this.tellInTime();
  };

  move = (event) => {
    const { stroke } = this;
    if (!this.isOpen(stroke) || event.pointerId !== stroke.pointer) return;
    // The lift shows so where it was lost, and where another button is still pressed.
    if (!(event.buttons & 1)) return this.lift();
    this.add(event);
    this.tellInTime();
  };

  // The canvas, too, takes a touch as over when the last finger is lifted.
  up = (event) => {
    this.pointers.delete(event.pointerId);
    if (this.isOpen(this.stroke) && this.pointers.size === 0) this.lift();
  };

  isOpen(stroke) {
    return this.strokes.includes(stroke) && !stroke.lifted;
  }

  // The canvas draws by mouse and touch events, of which a mouse's are in whole pixels.
  add(event) {
    const { canvas, points } = this.stroke;
    const box = canvas.getBoundingClientRect();
    const whole = event.pointerType === "touch" ? (pixels) => pixels : Math.floor;
    const x = ((whole(event.clientX) - box.left) / box.width) * canvas.width;
    const y = ((whole(event.clientY) - box.top) / box.height) * canvas.height;
    const point = [x, y].map((coordinate) => Math.round(coordinate * 100) / 100);
    if (`${point}` !== `${points.at(-1)}`) points.push(point);
  }

  lift() {
    this.stroke.lifted = true;
    this.tell();
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => this.forget(), LATE);
  }

  forget() {
    const open = this.strokes.filter((stroke) => !stroke.lifted);
    const forgotten = open.length < this.strokes.length;
    this.strokes = open;
    if (forgotten) this.tell();
  }

  tellInTime() {
    this.waits = true;
    this.next();
  }

  next() {
    if (this.timer || !this.waits) return;
    const since = performance.now() - this.sent;
    if (!this.heard && since < LATE) return; // the answer calls
    this.timer = setTimeout(() => this.tell(), Math.max(PACE, 2 * this.took) - since);
  }

  tell() {
    clearTimeout(this.timer);
    this.timer = null;
    this.waits = this.heard = false;
    this.sent = performance.now();
    this.turn += 1;
    const strokes = this.strokes.map(({ started, lifted, points }) => {
      return { started, lifted, points: (lifted ? points : thinned(points)).flat() };
    });
    this.send({ turn: this.turn, strokes });
  }

  hear({ heard, settled }) {
    if (heard !== null && this.turn === 0) this.tell(); // another companion told of other strokes
    this.strokes = this.strokes.filter((stroke) => stroke.started > settled);
    if (heard === this.turn && !this.heard) {
      this.heard = true;
      this.took = performance.now() - this.sent;
    }
    this.next();
  }

  stop() {
    this.listening.abort();
    clearTimeout(this.timer);
    clearTimeout(this.forgetting);
  }
}

function isOn(event, name) {
  return event.composedPath().some((node) => node.classList?.contains(name));
}

/** The canvas that the event belongs to, if any, unless its toolbar's edit mode is on. */
function canvasUnder(event) {
  const [target] = event.composedPath();
  if (!target.matches?.("canvas.upper-canvas") || !isOn(event, "st-key-canvas")) return null;
  const edits = target.getRootNode().querySelector('.dc-toolbar[data-pinned="true"]');
  return edits ? null : target;
}

function thinned(points) {
  const kept = [points[0]];
  for (const point of points.slice(1, -1)) {
    const [x, y] = kept.at(-1);
    if (Math.hypot(point[0] - x, point[1] - y) >= SPACING) kept.push(point);
  }
  return points.length > 1 ? [...kept, points.at(-1)] : kept;
}

const companions = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  if (!companions.has(parentElement)) companions.set(parentElement, new Companion());
  const companion = companions.get(parentElement);
  companion.send = (live) => setStateValue("live", live);
  companion.hear(data);
  const call = ++companion.calls;
  return () => {
    // Streamlit may clean a call up after the next one was made: only the newest call counts.
    if (companion.calls !== call) return;
    companion.stop();
    companions.delete(parentElement);
  };
}
