// The drawing that a person sees, and what undo and redo need: the browser's tab owns it.
//
// It outlives the page's elements, the session and a reload. Points are in canvas pixels, 280 to a
// side, as numbers in a row: x, y, x, y, ...

export const SIDE = 280;

const KEPT = "digitcanvas.drawing";

export class Drawing {
  strokes = []; // { width, points }, oldest first
  undone = []; // what redo brings back, the next one last
  replaced = null; // the strokes that a sample stands in for, until another is drawn
  isOpen = false; // whether the pen is still down in the newest stroke
  changed = [0, 0]; // the first stroke, and the first point in it, that differ since `sent`

  /** `storage` gives what keeps strings by name, as sessionStorage does, or fails. */
  constructor(storage) {
    this.storage = storage;
    try {
      const { strokes, undone } = JSON.parse(storage().getItem(KEPT));
      if (strokes.every(isStroke) && undone.every(isStroke)) {
        Object.assign(this, { strokes, undone });
      }
    } catch {
      // nothing was kept, or nothing that makes sense
    }
  }

  press(point, width) {
    this.change(this.strokes.length, 0);
    this.strokes.push({ width, points: inPixels(point) });
    this.undone = [];
    this.replaced = null;
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
    return this.strokes.length > 0 || this.replaced !== null;
  }

  /** Take the newest stroke back, or a sample as a whole. */
  undo() {
    if (this.replaced) return this.replace(this.replaced, null);
    if (!this.strokes.length) return;
    this.undone.push(this.strokes.pop());
    this.change(this.strokes.length, 0);
    this.lift();
  }

  redo() {
    if (!this.undone.length) return;
    this.change(this.strokes.length, 0);
    this.strokes.push(this.undone.pop());
    this.lift();
  }

  clear() {
    this.replace([], null);
  }

  /** Show a sample, rows of points, instead of what was drawn. */
  try(rows, width) {
    const strokes = rows.map((points) => ({ width, points }));
    this.replace(strokes, this.replaced ?? (this.strokes.length ? this.strokes : null));
  }

  replace(strokes, replaced) {
    Object.assign(this, { strokes, undone: [], replaced });
    this.change(0, 0);
    this.lift();
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
    const [first, at] = this.changed;
    if (stroke < first || (stroke === first && point < at)) this.changed = [stroke, point];
  }

  keep() {
    try {
      const { strokes, undone } = this;
      this.storage().setItem(KEPT, JSON.stringify({ strokes, undone }));
    } catch {
      // a full or forbidden storage: the drawing lasts as long as the page stays loaded
    }
  }
}

function inPixels(point) {
  return point.map((share) => Math.round(share * SIDE * 100) / 100);
}

function isStroke({ width, points }) {
  const numbers = [width, ...points];
  return points.length >= 2 && points.length % 2 === 0 && numbers.every(Number.isFinite);
}
