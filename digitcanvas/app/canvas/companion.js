// Sends strokes to the server while they are drawn: see companion.py.

const PACE = 120; // ms between two messages, at least
const SPACING = 2; // canvas pixels between two points of an open stroke, at least
const LATE = 1000; // ms by which the canvas has reported a stroke, and the server has answered

class Companion {
  strokes = []; // those that the canvas may not have reported yet, oldest first
  stroke = null; // the latest one
  pointers = new Set();
  turn = 0; // the number of the last message
  sent = -Infinity; // when it was sent
  took = 0; // ms until the last answer
  pending = false; // whether there is something to send
  answered = true; // whether the last message was answered
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
    if (isOn(event, "dc-toolbar")) this.forget(); // it may undo a stroke not reported yet
    const canvas = canvasUnder(event);
    if (!canvas || !event.isPrimary || event.button !== 0) return;
    this.pointers = new Set([event.pointerId]); // without any whose lift was lost
    this.strokes = this.strokes.filter((stroke) => stroke.lifted);
    const now = Math.round(performance.timeOrigin + performance.now());
    const started = Math.max(now, (this.stroke?.started ?? 0) + 1);
    this.stroke = { started, lifted: false, points: [], canvas, pointer: event.pointerId };
    this.strokes.push(this.stroke);
    this.add(event);
    this.sendSoon();
  };

  move = (event) => {
    const { stroke } = this;
    if (!this.isOpen(stroke) || event.pointerId !== stroke.pointer) return;
    // The lift went unnoticed: it was lost, or another button is still pressed.
    if (!(event.buttons & 1)) return this.lift();
    this.add(event);
    this.sendSoon();
  };

  // Like the canvas, end a touch when the last finger is lifted.
  up = (event) => {
    this.pointers.delete(event.pointerId);
    if (this.isOpen(this.stroke) && this.pointers.size === 0) this.lift();
  };

  isOpen(stroke) {
    return this.strokes.includes(stroke) && !stroke.lifted;
  }

  add(event) {
    const { canvas, points } = this.stroke;
    const point = pointOf(event, canvas);
    if (`${point}` !== `${points.at(-1)}`) points.push(point);
  }

  lift() {
    this.stroke.lifted = true;
    this.send();
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => this.forget(), LATE);
  }

  forget() {
    const open = this.strokes.filter((stroke) => !stroke.lifted);
    const forgotten = open.length < this.strokes.length;
    this.strokes = open;
    if (forgotten) this.send();
  }

  sendSoon() {
    this.pending = true;
    this.next();
  }

  next() {
    if (this.timer || !this.pending) return;
    const pause = pauseBefore(performance.now(), this);
    if (pause !== null) this.timer = setTimeout(() => this.send(), pause);
  }

  send() {
    clearTimeout(this.timer);
    this.timer = null;
    this.pending = this.answered = false;
    this.sent = performance.now();
    this.turn += 1;
    this.emit(messageOf(this.turn, this.strokes));
  }

  receive({ received, confirmed }) {
    if (received !== null && this.turn === 0) this.send(); // replaces another companion's strokes
    this.strokes = this.strokes.filter((stroke) => stroke.started > confirmed);
    if (received === this.turn && !this.answered) {
      this.answered = true;
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

/** The drawing canvas under the event, or null: elsewhere, and in its toolbar's edit mode. */
function canvasUnder(event) {
  const [target] = event.composedPath();
  if (!target.matches?.("canvas.upper-canvas") || !isOn(event, "st-key-canvas")) return null;
  const edits = target.getRootNode().querySelector('.dc-toolbar[data-pinned="true"]');
  return edits ? null : target;
}

/**
 * The event's point in canvas pixels, to a hundredth.
 *
 * The canvas draws by mouse events, which are in whole pixels, and by touch events, which are not.
 */
export function pointOf({ clientX, clientY, pointerType }, canvas) {
  const box = canvas.getBoundingClientRect();
  const whole = pointerType === "touch" ? (pixels) => pixels : Math.floor;
  const x = ((whole(clientX) - box.left) / box.width) * canvas.width;
  const y = ((whole(clientY) - box.top) / box.height) * canvas.height;
  return [x, y].map((coordinate) => Math.round(coordinate * 100) / 100);
}

/** Milliseconds until the next message may be sent; null while the last may still be answered. */
export function pauseBefore(now, { sent, took, answered }) {
  const since = now - sent;
  if (!answered && since < LATE) return null;
  return Math.max(0, PACE - since, 2 * took - since);
}

/** What is sent: each stroke's points in one row, x, y, x, y; an open stroke is thinned. */
export function messageOf(turn, strokes) {
  return {
    turn,
    strokes: strokes.map(({ started, lifted, points }) => ({
      started,
      lifted,
      points: (lifted ? points : thinned(points)).flat(),
    })),
  };
}

/** Drop points closer than SPACING to the last one kept; the ends stay. */
export function thinned(points) {
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
  companion.emit = (live) => setStateValue("live", live);
  companion.receive(data);
  const call = ++companion.calls;
  return () => {
    // Streamlit may clean up a call after it makes the next one: only the newest call counts.
    if (companion.calls !== call) return;
    companion.stop();
    companions.delete(parentElement);
  };
}
