// The drawing that a person sees, and what undo and redo need: the browser's tab owns it.
//
// It outlives the page's elements, the session and a reload. Points are in canvas pixels, 280 to a
// side, as numbers in a row: x, y, x, y, ...

export const SIDE = 280;

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

function inPixels(point) {
  return point.map((share) => Math.round(share * SIDE * 100) / 100);
}

function isDrawing({ strokes, base }) {
  return Number.isInteger(base) && strokes.every(isStroke);
}

function isStroke({ width, points }) {
  const numbers = [width, ...points];
  return points.length >= 2 && points.length % 2 === 0 && numbers.every(Number.isFinite);
}
