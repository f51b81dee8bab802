import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Drawing, isWide, SIDE, WIDE } from "../../digitcanvas/app/canvas/drawing.js";

const WIDTH = 16;

/** Storage of a browser's tab. */
class Storage {
  items = new Map();

  getItem(name) {
    return this.items.get(name) ?? null;
  }

  setItem(name, value) {
    assert.equal(typeof value, "string");
    this.items.set(name, value);
  }

  keep(value) {
    for (const name of this.items.keys()) this.items.set(name, value);
  }
}

/** A drawing as the server knows it, by the rule of live.py. */
class Server {
  strokes = [];
  widths = [];

  take(message) {
    const { from, points, widths } = JSON.parse(JSON.stringify(message));
    const [stroke, point] = from;
    assert.ok(stroke >= 0 && stroke <= this.strokes.length, `stroke ${stroke}`);
    assert.equal(points.length, widths.length);
    const kept = (this.strokes[stroke] ?? []).slice(0, 2 * point);
    assert.equal(kept.length, 2 * point, "the part that stays is known");
    const rows = points.map((row, index) => (index ? row : [...kept, ...row]));
    assert.ok(rows.length || !point);
    for (const row of rows) assert.ok(row.length && row.length % 2 === 0);
    this.strokes.splice(stroke, Number.POSITIVE_INFINITY, ...rows);
    this.widths.splice(stroke, Number.POSITIVE_INFINITY, ...widths);
  }
}

let storage;
let drawing;
let server;

beforeEach(() => {
  storage = new Storage();
  drawing = new Drawing(() => storage);
  server = new Server();
});

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

function draw(...strokes) {
  for (const [first, ...others] of strokes) {
    drawing.press(first, WIDTH);
    if (others.length) drawing.move(others);
    drawing.lift();
  }
}

function assertServed() {
  server.take(drawing.changes());
  assertAlike();
  assert.ok(!drawing.hasChanged);
}

function assertAlike() {
  assert.deepEqual(
    server.strokes,
    drawing.strokes.map(({ points }) => points),
  );
  assert.deepEqual(
    server.widths,
    drawing.strokes.map(({ width }) => width),
  );
}

/** The drawing that a page finds after a reload. */
function reloaded() {
  return new Drawing(() => storage);
}

const LINE = [
  [0.1, 0.1],
  [0.5, 0.5],
  [0.5, 0.9],
];

describe("a drawing", () => {
  test("has its points in pixels of the canvas, rounded to hundredths", () => {
    draw([
      [0.123456, 1 / 3],
      [1, -0.1],
    ]);
    const [{ width, points }] = drawing.strokes;
    assert.equal(width, WIDTH);
    assert.deepEqual(points, [34.57, 93.33, SIDE, -28]);
  });

  test("has no point twice in a row", () => {
    draw([LINE[0], LINE[0], [0.100001, 0.1], LINE[1], LINE[0]]);
    assert.deepEqual(drawing.strokes[0].points, [28, 28, 140, 140, 28, 28]);
  });

  test("takes no notice of moves of a pen that is up", () => {
    drawing.move(LINE);
    draw(LINE);
    drawing.move([[0.9, 0.9]]);
    drawing.undo();
    drawing.move([[0.9, 0.9]]);
    assert.deepEqual(drawing.strokes, []);
    drawing.redo();
    drawing.move([[0.9, 0.9]]);
    assert.equal(drawing.strokes[0].points.length, 6);
  });

  test("ends a stroke in which it is pressed again, undone or cleared", () => {
    drawing.press([0, 0], WIDTH);
    drawing.press([0.5, 0.5], WIDTH);
    drawing.move([[0.6, 0.6]]);
    assert.deepEqual(
      drawing.strokes.map(({ points }) => points),
      [
        [0, 0],
        [140, 140, 168, 168],
      ],
    );
    for (const action of ["undo", "clear"]) {
      drawing.press([0, 0], WIDTH);
      drawing[action]();
      assert.ok(!drawing.isOpen);
    }
  });
});

describe("undo and redo", () => {
  test("take strokes off and put them back, the newest first", () => {
    draw(LINE, LINE.slice(1), LINE.slice(2));
    const all = structuredClone(drawing.strokes);
    for (const left of [2, 1, 0, 0]) {
      drawing.undo();
      assert.deepEqual(drawing.strokes, all.slice(0, left));
    }
    for (const left of [1, 2, 3, 3]) {
      drawing.redo();
      assert.deepEqual(drawing.strokes, all.slice(0, left));
    }
  });

  test("find nothing to bring back after a new stroke, after a clear, or after a sample", () => {
    for (const change of [
      () => draw(LINE),
      () => drawing.clear(),
      () => drawing.try([[1, 2, 3, 4]], WIDTH),
    ]) {
      draw(LINE, LINE);
      drawing.undo();
      assert.ok(drawing.canRedo);
      change();
      assert.ok(!drawing.canRedo);
      const after = structuredClone(drawing.strokes);
      assert.equal(drawing.redo(), false);
      assert.deepEqual(drawing.strokes, after);
      drawing.clear();
    }
  });

  test("walk through all that was drawn, cleared and tried, and back", () => {
    const steps = [
      () => draw(LINE),
      () => draw(LINE.slice(1)),
      () => drawing.clear(),
      () => draw(LINE.slice(2)),
      () =>
        drawing.try(
          [
            [1, 2],
            [3, 4],
          ],
          WIDTH,
        ),
      () => draw(LINE),
      () => drawing.clear(),
    ];
    const wholes = [false, false, true, false, true, false, true];
    const seen = [structuredClone(drawing.strokes)];
    for (const step of steps) {
      step();
      seen.push(structuredClone(drawing.strokes));
    }
    for (let at = steps.length - 1; at >= 0; at -= 1) {
      assert.ok(drawing.canUndo);
      assert.equal(drawing.undo(), wholes[at]);
      assert.deepEqual(drawing.strokes, seen[at]);
    }
    assert.ok(!drawing.canUndo);
    for (let at = 0; at < steps.length; at += 1) {
      assert.equal(drawing.redo(), wholes[at]);
      assert.deepEqual(drawing.strokes, seen[at + 1]);
    }
    assert.ok(!drawing.canRedo);
  });

  test("bring back a drawing that was cleared, also after a reload", () => {
    draw(LINE, LINE.slice(1));
    const drawn = structuredClone(drawing.strokes);
    drawing.clear();
    drawing = reloaded();
    assert.ok(drawing.undo());
    assert.deepEqual(drawing.strokes, drawn);
  });

  test("know nothing of a clear of nothing", () => {
    draw(LINE);
    drawing.undo();
    drawing.clear();
    assert.ok(!drawing.canUndo && drawing.canRedo);
  });

  test("go back ten drawings", () => {
    for (let count = 0; count < 30; count += 1) {
      draw(LINE);
      drawing.clear();
    }
    let back = 0;
    while (drawing.canUndo) {
      drawing.undo();
      back += 1;
    }
    assert.equal(back, 20); // each with its stroke
  });
});

describe("a sample", () => {
  test("is taken back as a whole, once what was drawn on it is", () => {
    draw(LINE);
    const drawn = structuredClone(drawing.strokes);
    drawing.try(
      [
        [1, 2],
        [3, 4],
      ],
      WIDTH,
    );
    const sample = structuredClone(drawing.strokes);
    draw(LINE);
    drawing.undo();
    assert.deepEqual(drawing.strokes, sample);
    drawing.undo();
    assert.deepEqual(drawing.strokes, drawn);
  });
});

test("strokes that are shown with another pen are sent anew, from the first of them on", () => {
  draw(LINE, LINE, LINE);
  drawing.changes();
  drawing.thicken(1, WIDTH);
  assert.ok(!drawing.hasChanged);
  drawing.thicken(1, 40);
  const { from, widths } = drawing.changes();
  assert.deepEqual(
    [from, widths],
    [
      [1, 0],
      [40, 40],
    ],
  );
  assert.equal(drawing.strokes[0].width, WIDTH);
});

describe("what has changed", () => {
  test("is all of it at first, and nothing after that", () => {
    assert.ok(drawing.hasChanged);
    assert.deepEqual(drawing.changes(), { from: [0, 0], points: [], widths: [] });
    assert.ok(!drawing.hasChanged);
    assert.deepEqual(drawing.changes(), { from: [0, 0], points: [], widths: [] });
  });

  test("is the points since the last time, while the pen is down", () => {
    drawing.press(LINE[0], WIDTH);
    assert.deepEqual(drawing.changes(), { from: [0, 0], points: [[28, 28]], widths: [WIDTH] });
    drawing.move([LINE[1]]);
    drawing.move([LINE[2]]);
    const moved = { from: [0, 1], points: [[140, 140, 140, 252]], widths: [WIDTH] };
    assert.deepEqual(drawing.changes(), moved);
    drawing.lift();
    assert.ok(!drawing.hasChanged);
    draw(LINE);
    assert.deepEqual(drawing.changes().from, [1, 0]);
  });

  test("is nothing when the pen has not moved", () => {
    drawing.press(LINE[0], WIDTH);
    drawing.changes();
    drawing.move([LINE[0], LINE[0]]);
    drawing.lift();
    assert.ok(!drawing.hasChanged);
  });

  test("is a stroke less after an undo, and that stroke after a redo", () => {
    draw(LINE, LINE);
    drawing.changes();
    drawing.undo();
    assert.deepEqual(drawing.changes(), { from: [1, 0], points: [], widths: [] });
    drawing.redo();
    assert.deepEqual(drawing.changes().from, [1, 0]);
    drawing.clear();
    assert.deepEqual(drawing.changes(), { from: [0, 0], points: [], widths: [] });
  });

  test("is all of it for a reader that knows nothing", () => {
    draw(LINE, LINE);
    drawing.changes();
    drawing.forget();
    assert.ok(drawing.hasChanged);
    assertServed();
    assert.equal(server.strokes.length, 2);
  });

  for (const sends of [0.9, 0.3, 0.05]) {
    test(`brings the server the same drawing, whatever is done; ${sends} of the time it is sent`, () => {
      const sizes = new Set();
      for (let seed = 0; seed < 300; seed += 1) {
        const random = chance(seed);
        const point = () => [random() * 1.2 - 0.1, random() * 1.2 - 0.1];
        const actions = {
          press: () => drawing.press(point(), 4 + Math.floor(random() * 37)),
          move: () => drawing.move(Array.from({ length: Math.floor(random() * 4) }, point)),
          stay: () =>
            drawing.move([
              drawing.strokes
                .at(-1)
                ?.points.slice(-2)
                .map((at) => at / SIDE),
            ]),
          lift: () => drawing.lift(),
          undo: () => drawing.undo(),
          redo: () => drawing.redo(),
          clear: () => random() < 0.3 && drawing.clear(),
          replace: () =>
            random() < 0.3 &&
            drawing.try(
              [
                [1, 2],
                [3, 4, 5, 6],
              ],
              WIDTH,
            ),
          lose: () => {
            if (random() > 0.3) return;
            drawing.forget();
            server = new Server();
          },
          reload: () => {
            if (random() > 0.3) return;
            drawing.keep(); // as a lifted pen does: a page is not left with the pen down
            drawing = reloaded();
            server = new Server();
          },
        };
        storage = new Storage();
        drawing = new Drawing(() => storage);
        server = new Server();
        for (let step = 0; step < 60; step += 1) {
          const names = Object.keys(actions);
          if (drawing.strokes.length) names.push("move", "move");
          actions[names[Math.floor(random() * names.length)]]();
          if (random() < sends) assertServed();
          sizes.add(drawing.strokes.length);
        }
        assertServed();
      }
      assert.ok(sizes.size > 4);
    });
  }
});

describe("the tab's storage", () => {
  test("keeps the drawing, its pens, and what redo brings back", () => {
    draw(LINE, LINE.slice(1));
    drawing.press(LINE[0], 40);
    drawing.lift();
    drawing.undo();
    drawing.undo();
    const after = reloaded();
    assert.deepEqual(after.strokes, drawing.strokes);
    assert.deepEqual(after.undone, drawing.undone);
    after.redo();
    after.redo();
    assert.deepEqual(
      after.strokes.map(({ width }) => width),
      [WIDTH, WIDTH, 40],
    );
  });

  test("keeps each change once the pen is up", () => {
    draw(LINE);
    assert.equal(reloaded().strokes.length, 1);
    drawing.undo();
    assert.equal(reloaded().strokes.length, 0);
    drawing.redo();
    assert.equal(reloaded().strokes.length, 1);
    drawing.clear();
    assert.equal(reloaded().strokes.length, 0);
    drawing.try([[1, 2, 3, 4]], WIDTH);
    assert.deepEqual(reloaded().strokes, [{ width: WIDTH, points: [1, 2, 3, 4] }]);
  });

  test("starts an empty drawing where it holds nothing, or nothing that makes sense", () => {
    const stroke = { width: WIDTH, points: [1, 2, 3, 4] };
    draw(LINE);
    for (const kept of [
      "",
      "{",
      "null",
      "7",
      "{}",
      "[]",
      '{"strokes": [], "undone": 7}',
      '{"strokes": "", "undone": ""}',
      '{"strokes": {"length": 1}, "undone": []}',
      '{"strokes": [], "undone": [], "base": "1"}',
      '{"strokes": [], "undone": [], "earlier": 7}',
      ...[
        null,
        "stroke",
        {},
        { ...stroke, width: null },
        { ...stroke, width: "16" },
        { ...stroke, points: [] },
        { ...stroke, points: [1, 2, 3] },
        { ...stroke, points: [1, null] },
        { ...stroke, points: ["1", "2"] },
        { ...stroke, points: "12" },
        { ...stroke, points: [[1, 2]] },
      ].flatMap((bad) => [
        JSON.stringify({ strokes: [stroke, bad], undone: [] }),
        JSON.stringify({ strokes: [], undone: [bad] }),
        JSON.stringify({ strokes: [], undone: [{ strokes: [bad], base: 0 }] }),
        JSON.stringify({ strokes: [], undone: [], earlier: [{ strokes: [bad], base: 0 }] }),
      ]),
    ]) {
      storage.keep(kept);
      drawing = reloaded();
      assert.deepEqual([drawing.strokes, drawing.undone], [[], []], kept);
      server = new Server();
      draw(LINE);
      drawing.undo();
      drawing.redo();
      assertServed();
    }
    storage.keep(JSON.stringify({ strokes: [stroke], undone: [stroke] }));
    assert.equal(reloaded().strokes.length, 1);
  });

  for (const [what, broken] of Object.entries({
    full: () => ({
      getItem: () => null,
      setItem: () => {
        throw new Error("QuotaExceededError");
      },
    }),
    forbidden: () => {
      throw new Error("SecurityError");
    },
  })) {
    test(`may be ${what}: the drawing lasts as long as the page`, () => {
      drawing = new Drawing(broken);
      draw(LINE, LINE);
      drawing.undo();
      drawing.redo();
      assertServed();
      assert.equal(server.strokes.length, 2);
    });
  }
});

describe("a wide drawing", () => {
  const wide = [
    [20, 40, 100, 240],
    [700, 20, 820, 260],
  ];

  test("is one that a square canvas does not show", () => {
    const of = (...rows) => isWide(rows.map((points) => ({ width: WIDTH, points })));
    assert.ok(of(...wide));
    assert.ok(!of([20, 40, 100, 240]));
    assert.ok(!of());
    const slip = Array.from({ length: 40 }, (_, i) => [7 * i, 140]).flat();
    assert.ok(!of([...slip, SIDE + 40, 140]), "a pen that slips off the edge");
  });

  test("is drawn with points up to the canvas' width", () => {
    drawing.press([WIDE, 0.5], WIDTH);
    assert.deepEqual(drawing.strokes[0].points, [WIDE * SIDE, SIDE / 2]);
    assert.ok(drawing.isWide);
  });

  test("fits on a square canvas when it is made narrow, in its shape, for its reader too", () => {
    drawing.try(wide, WIDTH);
    server.take(drawing.changes());
    drawing.narrow();
    server.take(drawing.changes());
    assert.ok(!drawing.isWide);
    const [first, second] = drawing.strokes.map(({ points }) => points);
    assert.deepEqual(server.strokes, [first, second]);
    assert.ok([...first, ...second].every((value) => value >= 0 && value <= SIDE));
    assert.deepEqual([first[0], second[2]], [14, 266]);
    const scale = 252 / 800;
    assert.ok(Math.abs(first[3] - first[1] - 200 * scale) < 0.02);
    assert.deepEqual(new Drawing(() => storage).strokes, drawing.strokes);
    assert.equal(drawing.undo(), true);
    assert.deepEqual(
      drawing.strokes.map(({ points }) => points),
      wide,
    );
  });
});
