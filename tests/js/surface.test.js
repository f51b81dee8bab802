import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { findCanvas, Surface } from "../../digitcanvas/app/canvas/surface.js";

const RESET = "Reset canvas & history";

globalThis.window = { name: "the page" };
globalThis.document = { createElement: (tag) => new Made(tag) };

/** An element that the surface adds to the canvas. */
class Made {
  children = [];
  style = { setProperty: (name, value) => Object.assign(this.style, { [name]: value }) };

  constructor(tag) {
    this.tag = tag;
  }

  get childElementCount() {
    return this.children.length;
  }

  get lastElementChild() {
    return this.children.at(-1);
  }

  appendChild(child) {
    child.remove = () => this.children.splice(this.children.indexOf(child), 1);
    this.children.push(child);
    return child;
  }
}
globalThis.PointerEvent = class {
  constructor(type, fields) {
    Object.assign(this, { type }, fields);
  }
};

/** The canvas component: it draws what mouse events tell it, and remembers a hundred steps. */
class Canvas {
  width = 840;
  height = 840;
  box = { left: 30, top: 50, width: 560, height: 560 };
  ink = []; // strokes of points in canvas pixels
  stroke = null; // the one under way
  loading = 0;
  steps = [];
  initial = "[]";
  current = "[]";
  resets = 0;
  soon = queueMicrotask; // when a stroke is remembered as a step
  events = [];
  attributes = {};
  added = [];

  buttons = {
    Undo: this.button(
      () => this.steps.length > 0,
      () => {
        if (this.current === this.initial) return;
        this.current = this.steps.pop();
        this.load();
      },
    ),
    [RESET]: this.button(
      () => true,
      () => {
        Object.assign(this, { steps: [], current: this.initial });
        this.resets += 1;
        this.load();
      },
    ),
  };

  button(isEnabled, click) {
    return {
      get disabled() {
        return !isEnabled();
      },
      click: () => {
        assert.ok(isEnabled());
        assert.equal(this.loading, 0, "two loads at once would mix");
        click();
      },
    };
  }

  async load() {
    this.loading += 1;
    for (let turn = 0; turn < 20; turn += 1) await null;
    this.ink = JSON.parse(this.current);
    this.loading -= 1;
  }

  save() {
    const now = JSON.stringify(this.ink);
    if (now === this.current) return;
    this.steps = [...this.steps, this.current].slice(-100);
    this.current = now;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  getRootNode() {
    return {
      append: (...elements) => this.added.push(...elements),
      querySelector: (selector) => this.buttons[selector.match(/^button\[title="(.*)"\]$/)[1]],
    };
  }

  getBoundingClientRect() {
    return this.box;
  }

  dispatchEvent(event) {
    assert.equal(this.loading, 0, "ink that comes while others is taken away would be lost");
    assert.ok(event.bubbles && event.composed && event.cancelable && event.isPrimary);
    assert.equal(event.view, globalThis.window);
    this.events.push(event);
    const point = [
      Math.round((event.clientX - this.box.left) / 2),
      Math.round((event.clientY - this.box.top) / 2),
    ];
    if (event.type === "mousedown") {
      assert.equal(this.stroke, null, "the last stroke has ended");
      this.stroke = [];
    }
    assert.equal(event.buttons, event.type === "mouseup" ? 0 : 1);
    this.stroke.push(point);
    if (event.type !== "mouseup") return;
    this.ink.push(this.stroke);
    this.stroke = null;
    this.soon(() => this.save());
  }
}

let canvas;
let surface;
let errors = [];
console.error = (error) => errors.push(error);

beforeEach(() => {
  errors = [];
  canvas = new Canvas();
  surface = new Surface(canvas);
});

/** A new stroke of this many points, as the drawing has it. */
let made = 0;
function stroke(points = 3) {
  made += 1;
  return {
    width: 16,
    points: Array.from({ length: points }, (_, i) => [made % 280, (10 * i + made) % 280]).flat(),
  };
}

function draw(...strokes) {
  for (const { points } of strokes) {
    surface.press(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) surface.move(points[i], points[i + 1]);
    surface.lift(points.at(-2), points.at(-1));
  }
}

async function drawOneByOne(strokes) {
  for (const each of strokes) {
    draw(each);
    await settle();
  }
}

async function settle() {
  await new Promise((resolve) => setTimeout(resolve));
  await surface.busy;
  await new Promise((resolve) => setTimeout(resolve));
}

/** How the canvas shows strokes: the last point of each comes twice, as it is lifted there. */
function shown(strokes) {
  return strokes.map(({ points }) => {
    const pairs = Array.from({ length: points.length / 2 }, (_, i) =>
      points.slice(2 * i, 2 * i + 2),
    );
    return [...pairs, pairs.at(-1)];
  });
}

async function assertShows(strokes) {
  await settle();
  assert.deepEqual(canvas.ink, shown(strokes));
  assert.equal(surface.waiting, 0);
  assert.deepEqual(errors, []);
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe("a surface", () => {
  test("draws at once what the pen does, where it is on the page", () => {
    surface.press(0, 140);
    surface.move(70.25, 140);
    surface.lift(280, 280);
    assert.deepEqual(
      canvas.events.map(({ type, clientX, clientY }) => [type, clientX, clientY]),
      [
        ["mousedown", 30, 330],
        ["mousemove", 170.5, 330],
        ["mouseup", 590, 610],
      ],
    );
  });

  test("follows a canvas that has moved and grown", () => {
    canvas.box = { left: 0, top: 0, width: 840, height: 840 };
    surface.press(140, 70);
    assert.deepEqual([canvas.events[0].clientX, canvas.events[0].clientY], [420, 210]);
  });

  test("has a name, and hides the canvas' own toolbar", () => {
    assert.equal(canvas.attributes.role, "img");
    assert.match(canvas.attributes["aria-label"], /draw a digit/);
    assert.match(canvas.added[0].textContent, /\.dc-toolbar \{ display: none/);
  });

  test("shows strokes in clean turns of press, moves and lift", async () => {
    const strokes = [stroke(1), stroke(2), stroke(5)];
    surface.show(strokes);
    await assertShows(strokes);
  });

  test("shows others instead of them", async () => {
    surface.show([stroke(), stroke()]);
    const others = [stroke(), stroke()];
    surface.show(others);
    await assertShows(others);
    surface.show([]);
    await assertShows([]);
    assert.equal(canvas.resets, 0);
  });
});

describe("while ink is taken away", () => {
  test("what is drawn waits, and comes in its turn", async () => {
    draw(stroke(), stroke());
    const [first, second] = [stroke(6), stroke(2)];
    surface.wipe();
    surface.press(...first.points.slice(0, 2));
    for (let i = 2; i < 12; i += 2) {
      surface.move(first.points[i], first.points[i + 1]);
      await null; // the pen goes on while the canvas is busy
    }
    surface.lift(...first.points.slice(-2));
    draw(second);
    await assertShows([first, second]);
  });

  test("a stroke may begin before and end after that the canvas is ready", async () => {
    await drawOneByOne([stroke(), stroke()]);
    const next = stroke(4);
    surface.wipe();
    surface.press(...next.points.slice(0, 2));
    surface.move(...next.points.slice(2, 4));
    await settle();
    surface.move(...next.points.slice(4, 6));
    surface.move(...next.points.slice(6, 8));
    surface.lift(...next.points.slice(-2));
    await assertShows([next]);
  });

  test("more can be taken away", async () => {
    const strokes = [stroke(), stroke(), stroke()];
    await drawOneByOne(strokes);
    undo(strokes.slice(0, 2));
    undo(strokes.slice(0, 1));
    const next = stroke();
    draw(next);
    await assertShows([strokes[0], next]);
    undo([strokes[0]]);
    surface.wipe();
    surface.wipe();
    draw(next);
    await assertShows([next]);
  });

  test("a failure of the canvas is not one of what comes after it", async () => {
    await drawOneByOne([stroke()]);
    const { Undo } = canvas.buttons;
    delete canvas.buttons.Undo;
    surface.wipe();
    await settle();
    canvas.buttons.Undo = Undo;
    assert.equal(errors.splice(0).length, 1);
    const next = stroke();
    surface.show([next]);
    await assertShows([next]);
  });
});

/** As the companion does: what the canvas cannot take back is shown anew. */
function undo(rest) {
  if (!surface.undo()) surface.show(rest);
}

describe("undo", () => {
  test("takes the newest strokes away, one by one", async () => {
    const strokes = [stroke(), stroke(1), stroke()];
    await drawOneByOne(strokes);
    for (const left of [2, 1, 0]) {
      undo(strokes.slice(0, left));
      await assertShows(strokes.slice(0, left));
    }
    assert.equal(canvas.events.length, 4 + 2 + 4, "nothing was drawn again");
  });

  test("draws the others again where the canvas took many strokes for one step", async () => {
    const strokes = [stroke(), stroke(), stroke()];
    canvas.soon = setTimeout;
    surface.show(strokes.slice(0, 2));
    await settle();
    draw(strokes[2]);
    await settle();
    for (const left of [2, 1, 0]) {
      undo(strokes.slice(0, left));
      await assertShows(strokes.slice(0, left));
    }
  });

  for (const count of [100, 101, 130]) {
    test(`takes all of ${count} strokes away, though the canvas remembers a hundred`, async () => {
      const strokes = Array.from({ length: count }, () => stroke(1));
      for (const each of strokes) {
        draw(each);
        await null;
        await null;
      }
      await assertShows(strokes);
      for (let left = count - 1; left >= 0; left -= 1) {
        undo(strokes.slice(0, left));
        if (left % 20 < 2) await assertShows(strokes.slice(0, left));
      }
      await assertShows([]);
    });

    test(`of ${count} strokes is followed by a wipe, which leaves nothing`, async () => {
      for (const undone of [0, 40, 99]) {
        const strokes = Array.from({ length: count }, () => stroke(1));
        for (const each of strokes) {
          draw(each);
          await null;
          await null;
        }
        for (let left = count - 1; left >= count - undone; left -= 1) {
          undo(strokes.slice(0, left));
        }
        await assertShows(strokes.slice(0, count - undone));
        surface.wipe();
        await assertShows([]);
      }
    });
  }

  test("resets the canvas only where it must: that makes the page run again", async () => {
    for (let i = 0; i < 5; i += 1) {
      await drawOneByOne(Array.from({ length: 100 }, () => stroke(1)));
      surface.wipe();
      await assertShows([]);
    }
    const strokes = Array.from({ length: 140 }, () => stroke(1));
    await drawOneByOne(strokes.slice(0, 90));
    for (let left = 89; left >= 40; left -= 1) undo(strokes.slice(0, left));
    await drawOneByOne(strokes.slice(90));
    surface.wipe();
    await assertShows([]);
    assert.equal(canvas.resets, 0);
    for (const count of [101, 3]) {
      await drawOneByOne(Array.from({ length: count }, () => stroke(1)));
      surface.wipe();
      const next = stroke();
      draw(next);
      await assertShows([next]);
      assert.equal(canvas.resets, 1);
      surface.wipe();
    }
  });
});

test("a surface shows the drawing, whatever is done to it and whenever", async () => {
  for (let seed = 0; seed < 60; seed += 1) {
    canvas = new Canvas();
    surface = new Surface(canvas);
    const random = chance(seed);
    const strokes = [];
    const undone = [];
    const pause = async () => {
      for (let turn = Math.floor(random() * 4); turn > 0; turn -= 1) {
        await (random() < 0.2 ? settle() : null);
      }
    };
    const actions = {
      draw: async () => {
        const { points, width } = stroke(1 + Math.floor(random() * 4));
        strokes.push({ points, width });
        undone.length = 0;
        surface.press(points[0], points[1]);
        for (let i = 2; i < points.length; i += 2) {
          await pause();
          surface.move(points[i], points[i + 1]);
        }
        await pause();
        surface.lift(points.at(-2), points.at(-1));
      },
      undo: () => {
        if (!strokes.length) return;
        undone.push(strokes.pop());
        undo(strokes);
      },
      redo: () => {
        if (!undone.length) return;
        strokes.push(undone.pop());
        surface.add(strokes.slice(-1));
      },
      clear: () => {
        if (random() < 0.5) return;
        strokes.length = undone.length = 0;
        surface.wipe();
      },
      show: () => {
        if (random() < 0.5) return;
        surface.show(strokes);
      },
    };
    const names = [...Object.keys(actions), "draw", "draw", "draw", "undo"];
    for (let step = 0; step < 25; step += 1) {
      await actions[names[Math.floor(random() * names.length)]]();
      await pause();
      if (random() < 0.1) await assertShows(strokes);
    }
    await assertShows(strokes);
  }
});

describe("a canvas is found", () => {
  const inside = (canvas) => ({
    shadowRoot: {
      querySelector: (selector) => (selector === "canvas.upper-canvas" ? canvas : null),
    },
  });
  const container = (...elements) => ({ querySelectorAll: () => elements });

  test("inside the component of its container", () => {
    const found = {};
    assert.equal(
      findCanvas(container({}, { shadowRoot: null }, inside(null), inside(found))),
      found,
    );
  });

  test("nowhere else", () => {
    assert.equal(findCanvas(container({}, inside(null))), null);
    assert.equal(findCanvas(null), null);
  });
});

describe("a wide surface", () => {
  beforeEach(() => {
    canvas.width = 3 * canvas.height;
    canvas.box = { left: 30, top: 50, width: 1680, height: 560 };
    surface = new Surface(canvas);
  });

  test("shows points where they are", () => {
    assert.equal(surface.sides, 3);
    assert.deepEqual(surface.inSides([0.5, 0.5]), [1.5, 0.5]);
    surface.press(840, 280);
    surface.lift(0, 0);
    assert.deepEqual(
      canvas.events.map(({ clientX, clientY }) => [clientX, clientY]),
      [
        [1710, 610],
        [30, 50],
      ],
    );
  });

  test("marks the places of digits, and which is chosen", () => {
    const marks = () => surface.places.children;
    const first = [74, 94, 154, 194];
    surface.mark([first, [414, 0, 834, 280]], 1);
    assert.deepEqual(
      marks().map(({ className }) => className),
      ["place", "place chosen"],
    );
    const { left, top, right, bottom } = marks()[0].style;
    const percents = [left, top, right, bottom].map(Number.parseFloat);
    const expected = [60 / 8.4, 80 / 2.8, (840 - 168) / 8.4, (280 - 208) / 2.8];
    assert.deepEqual(
      percents.map((value) => value.toFixed(2)),
      expected.map((value) => value.toFixed(2)),
    );
    assert.equal(marks()[1].style.right, "0%"); // within the canvas
    assert.notEqual(marks()[0].style["--place"], marks()[1].style["--place"]);
    surface.mark([first], undefined);
    assert.equal(marks().length, 1);
    surface.mark([], undefined);
    assert.equal(marks().length, 0);
  });
});
