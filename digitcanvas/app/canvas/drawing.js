// The drawing that a person sees, and what undo and redo need: the browser's tab owns it.
//
// It outlives the page's elements, the session and a reload. Points are in canvas pixels, as numbers
// in a row: x, y, x, y, ... The canvas is 280 high; it is as wide, or three times as wide.

export const SIDE = 280;
export const WIDE = 3; // sides

const BEYOND = 0.25; // the least share of a wide drawing's points that a square canvas does not show
const EDGE = 0.05; // of a side, that is left free where a drawing is made smaller

const KEPT = "digitcanvas.drawing";
const EARLIER = 10; // drawings that undo can bring back: each is stored anew at each lift

export class Drawing {
  strokes = []; // { width, points }, oldest first
  base = 0; // how many of them came at once, with a sample
  earlier = []; // the drawings that were cleared or that a sample replaced, the newest last
  undone = []; // what redo brings back, a stroke or a drawing, the next one last
  isOpen = false; // whether the pen is still down in the newest stroke
  version = 0; // rises with each change
  changed = [0, 0]; // the first stroke, and the first point in it, that differ since `sent`

  /**
   * `storage` gives what keeps strings by name, as sessionStorage does, or fails. `leaves` is called
   * with the strokes and the version of a drawing before another one, or none, comes in its place.
   */
  constructor(storage, leaves = () => {}) {
    Object.assign(this, { storage, leaves });
    try {
      const kept = JSON.parse(storage().getItem(KEPT));
      const { strokes, base = 0, earlier = [], undone } = kept;
      const drawings = [{ strokes, base }, ...earlier];
      if (drawings.every(isDrawing) && undone.every((one) => isDrawing(one) || isStroke(one))) {
        Object.assign(this, { strokes, base, earlier, undone });
      }
    } catch {
      // nothing was kept, or nothing that makes sense
    }
  }

  press(point, width) {
    this.change(this.strokes.length, 0);
    this.strokes.push({ width, points: inPixels(point) });
    this.undone = [];
    this.isOpen = true;
  }

  move(points) {
    if (!this.isOpen) return;
    const { points: row } = this.strokes.at(-1);
    for (const point of points) {
      const [x, y] = inPixels(point);
      if (x === row.at(-2) && y === row.at(-1)) continue;
      this.change(this.strokes.length - 1, row.length / 2);
      row.push(x, y);
    }
  }

  lift() {
    this.isOpen = false;
    this.keep();
  }

  get canUndo() {
    return this.strokes.length > 0 || this.earlier.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  /**
   * Take the newest stroke back, or the sample or the clear before it. Gives whether another
   * drawing has come in this one's place.
   */
  undo() {
    const isWhole = this.strokes.length <= this.base && this.earlier.length > 0;
    if (isWhole) {
      this.leave();
      this.undone.push(this.whole);
      this.become(this.earlier.pop());
    } else if (this.strokes.length) {
      this.undone.push(this.strokes.pop());
      this.change(this.strokes.length, 0);
    }
    this.lift();
    return isWhole;
  }

  /** Bring back what was undone last. Gives the same as `undo`. */
  redo() {
    const next = this.undone.pop();
    const isWhole = next?.strokes !== undefined;
    if (isWhole) {
      this.remember();
      this.become(next);
    } else if (next) {
      this.change(this.strokes.length, 0);
      this.strokes.push(next);
    }
    this.lift();
    return isWhole;
  }

  clear() {
    if (this.strokes.length) this.replace([]);
  }

  /** Clear, so that undo cannot bring it back. */
  drop() {
    this.undone = [];
    this.become({ strokes: [], base: 0 });
    this.lift();
  }

  get isWide() {
    return isWide(this.strokes);
  }

  /** Make a wide drawing as small as a square canvas. Undo brings it back. */
  narrow() {
    this.earlier = [...this.earlier, this.whole].slice(-EARLIER);
    this.undone = [];
    this.become({ strokes: narrowed(this.strokes), base: this.strokes.length });
    this.lift();
  }

  /** Show a sample, rows of points, instead of what was drawn. */
  try(rows, width) {
    this.replace(rows.map((points) => ({ width, points })));
  }

  replace(strokes) {
    this.remember();
    this.undone = [];
    this.become({ strokes, base: strokes.length });
    this.lift();
  }

  get whole() {
    const { strokes, base } = this;
    return { strokes, base };
  }

  leave() {
    if (this.strokes.length) this.leaves(this.strokes, this.version);
  }

  remember() {
    this.leave();
    this.earlier = [...this.earlier, this.whole].slice(-EARLIER);
  }

  become({ strokes, base }) {
    Object.assign(this, { strokes, base });
    this.change(0, 0);
  }

  /** Have undo and redo bring back none of the drawings with such strokes. */
  forgetEarlier(isSuch) {
    this.earlier = this.earlier.filter(({ strokes }) => !isSuch(strokes));
    this.undone = [];
    this.keep();
  }

  /** Give the strokes from this one on another width. */
  thicken(first, width) {
    if (this.strokes.slice(first).every((stroke) => stroke.width === width)) return;
    this.strokes = this.strokes.map((stroke, index) =>
      index < first ? stroke : { ...stroke, width },
    );
    this.change(first, 0);
    this.keep();
  }

  /** What has changed since this was last asked, for a reader that knows the drawing until then. */
  changes() {
    const [stroke, point] = this.changed;
    const strokes = this.strokes.slice(stroke);
    this.changed = [Number.POSITIVE_INFINITY, 0];
    return {
      from: [Math.min(stroke, this.strokes.length), point],
      points: strokes.map(({ points }, index) => points.slice(index ? 0 : 2 * point)),
      widths: strokes.map(({ width }) => width),
    };
  }

  /** From now on `changes` is for a reader that knows nothing. */
  forget() {
    this.changed = [0, 0];
  }

  get hasChanged() {
    return this.changed[0] <= this.strokes.length;
  }

  change(stroke, point) {
    this.version += 1;
    const [first, at] = this.changed;
    if (stroke < first || (stroke === first && point < at)) this.changed = [stroke, point];
  }

  keep() {
    try {
      const { strokes, base, earlier, undone } = this;
      this.storage().setItem(KEPT, JSON.stringify({ strokes, base, earlier, undone }));
    } catch {
      // a full or forbidden storage: the drawing lasts as long as the page stays loaded
    }
  }
}

/** Whether strokes take a wide canvas. A pen that slips off a square one leaves few points there. */
export function isWide(strokes) {
  const xs = strokes.flatMap(({ points }) => points.filter((_, index) => index % 2 === 0));
  return xs.filter((x) => x > SIDE).length > BEYOND * xs.length;
}

/** A wide drawing as small as a square canvas, in its middle. */
export function narrowed(strokes) {
  const all = strokes.flatMap(({ points }) => points);
  const room = SIDE * (1 - 2 * EDGE);
  const [left, right] = rangeOf(all.filter((_, index) => index % 2 === 0));
  const [top, bottom] = rangeOf(all.filter((_, index) => index % 2 === 1));
  const scale = Math.min(1, room / (right - left), room / (bottom - top));
  const origin = [(left + right) / 2, (top + bottom) / 2];
  return strokes.map(({ width, points }) => ({
    width,
    points: points.map((value, index) => rounded(SIDE / 2 + (value - origin[index % 2]) * scale)),
  }));
}

function inPixels(point) {
  return point.map((share) => rounded(share * SIDE));
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}

function rangeOf(values) {
  return [Math.min(...values), Math.max(...values)];
}

function isDrawing({ strokes, base }) {
  return Number.isInteger(base) && strokes.every(isStroke);
}

function isStroke({ width, points }) {
  const numbers = [width, ...points];
  return points.length >= 2 && points.length % 2 === 0 && numbers.every(Number.isFinite);
}
