import assert from "node:assert/strict";
import { describe, test } from "node:test";
import companion, {
  messageOf,
  pauseBefore,
  pointOf,
  thinned,
} from "../../digitcanvas/app/canvas/companion.js";

describe("a stroke's points", () => {
  test("are thinned to two pixels, but for the ends", () => {
    const line = [0, 1, 1.9, 2, 3, 4.5, 5].map((x) => [x, 0]);
    assert.deepEqual(
      thinned(line).map(([x]) => x),
      [0, 2, 4.5, 5],
    );
    const diagonal = [0, 1, 1.5, 3].map((x) => [x, x]); // 1.5 is 2.1 pixels away
    assert.deepEqual(thinned(diagonal), [
      [0, 0],
      [1.5, 1.5],
      [3, 3],
    ]);
  });

  test("are kept when there are only one or two", () => {
    for (const points of [
      [[1, 1]],
      [
        [1, 1],
        [1.5, 1],
      ],
    ])
      assert.deepEqual(thinned(points), points);
  });

  test("are the mouse's whole pixels and a finger's fractions", () => {
    const canvas = canvasAt({ left: 10.5, top: 20, scale: 1 });
    const event = { clientX: 110.75, clientY: 70.258 };
    assert.deepEqual(pointOf({ ...event, pointerType: "mouse" }, canvas), [99.5, 50]);
    assert.deepEqual(pointOf({ ...event, pointerType: "touch" }, canvas), [100.25, 50.26]);
  });

  test("are in the pixels of a canvas that the browser scales", () => {
    const canvas = canvasAt({ left: 10, top: 20, scale: 0.5 });
    const event = { clientX: 110, clientY: 70, pointerType: "mouse" };
    assert.deepEqual(pointOf(event, canvas), [200, 100]);
  });
});

test("a message has open strokes thinned and lifted ones whole", () => {
  const points = [
    [0, 0],
    [1, 0],
    [4, 0],
  ];
  const strokes = [
    { started: 5, lifted: true, points, canvas: {}, pointer: 1 },
    { started: 9, lifted: false, points, canvas: {}, pointer: 1 },
  ];
  assert.deepEqual(messageOf(3, strokes), {
    turn: 3,
    strokes: [
      { started: 5, lifted: true, points: [0, 0, 1, 0, 4, 0] },
      { started: 9, lifted: false, points: [0, 0, 4, 0] },
    ],
  });
});

describe("the next message", () => {
  test("goes at once where none was sent", () => {
    assert.equal(pauseBefore(50, { sent: -Infinity, took: 0, answered: true }), 0);
  });

  test("goes 120 ms after an answered one", () => {
    assert.equal(pauseBefore(1030, { sent: 1000, took: 20, answered: true }), 90);
    assert.equal(pauseBefore(1200, { sent: 1000, took: 20, answered: true }), 0);
  });

  test("goes after twice the time of a slow answer", () => {
    assert.equal(pauseBefore(1300, { sent: 1000, took: 300, answered: true }), 300);
  });

  test("waits for an answer, but not for more than a second", () => {
    assert.equal(pauseBefore(1999, { sent: 1000, took: 20, answered: false }), null);
    assert.equal(pauseBefore(2000, { sent: 1000, took: 20, answered: false }), 0);
  });
});

describe("the companion", () => {
  test("sends a stroke while it is drawn, and at once when it is lifted", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.pass(1);
    assert.deepEqual(page.sent, [{ turn: 1, strokes: [page.stroke({ points: [10, 10] })] }]);
    page.answer({ received: 1 });
    page.move(20, 10);
    page.pass(100);
    assert.equal(page.sent.length, 1);
    page.pass(30);
    assert.deepEqual(page.sent[1].strokes, [page.stroke({ points: [10, 10, 20, 10] })]);
    page.lift();
    const lifted = page.stroke({ lifted: true, points: [10, 10, 20, 10] });
    assert.deepEqual(page.sent[2], { turn: 3, strokes: [lifted] });
  });

  test("waits for the answer, and sends what was drawn meanwhile", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.pass(1);
    page.move(20, 10);
    page.move(30, 10);
    page.pass(500);
    assert.equal(page.sent.length, 1);
    page.answer({ received: 1 });
    page.pass(499); // the next message goes after twice the time that the answer took
    assert.equal(page.sent.length, 1);
    page.pass(1);
    assert.deepEqual(page.sent[1].strokes[0].points, [10, 10, 20, 10, 30, 10]);
  });

  test("takes no other turn's answer for that to its last message", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.pass(1);
    page.move(20, 10);
    page.answer({ received: 0 });
    page.pass(200);
    assert.equal(page.sent.length, 1);
  });

  test("leaves out the strokes that the canvas has confirmed", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.lift();
    const { started } = page.sent.at(-1).strokes[0];
    page.answer({ received: 1, confirmed: started });
    page.pass(200);
    page.press(50, 50);
    page.lift();
    assert.deepEqual(
      page.sent.at(-1).strokes.map(({ points }) => points),
      [[50, 50]],
    );
  });

  test("forgets a lifted stroke that the canvas does not report within a second", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.lift();
    page.answer({ received: 1 });
    page.pass(999);
    assert.equal(page.sent.length, 1);
    page.pass(1);
    assert.deepEqual(page.sent[1].strokes, []);
  });

  test("keeps an open stroke when it forgets", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.lift();
    page.pass(500);
    page.press(50, 50);
    page.pass(500);
    assert.deepEqual(page.sent.at(-1).strokes, [page.stroke({ started: 500, points: [50, 50] })]);
  });

  test("tells apart strokes that start in the same millisecond", (t) => {
    const page = open(t);
    page.press(10, 10);
    page.lift();
    page.press(50, 50);
    page.lift();
    const [first, second] = page.sent.at(-1).strokes;
    assert.ok(first.started < second.started);
  });

  test("replaces what another companion sent before it", (t) => {
    const page = open(t, { received: 7 });
    assert.deepEqual(page.sent, [{ turn: 1, strokes: [] }]);
  });

  test("stops when its newest call is cleaned up, and not before", (t) => {
    const page = open(t);
    const cleanNewest = page.answer({});
    page.cleanFirst();
    assert.equal(page.signal.aborted, false);
    cleanNewest();
    assert.equal(page.signal.aborted, true);
  });
});

/** A canvas of 400 by 400 pixels, which the browser may show smaller or larger. */
function canvasAt({ left, top, scale }) {
  const size = 400;
  return {
    width: size,
    height: size,
    getBoundingClientRect: () => ({ left, top, width: size * scale, height: size * scale }),
    getRootNode: () => ({ querySelector: () => null }),
    matches: (selector) => selector === "canvas.upper-canvas",
  };
}

/** A page with a canvas and a companion; time stands still but for `pass`. */
function open(t, first = {}) {
  const page = { sent: [] };
  const listeners = {};
  let now = 0;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => now);
  globalThis.document = {
    addEventListener(type, listener, { signal }) {
      listeners[type] = listener;
      page.signal = signal;
    },
  };
  t.after(() => delete globalThis.document);

  const path = [
    canvasAt({ left: 0, top: 0, scale: 1 }),
    { classList: { contains: (name) => name === "st-key-canvas" } },
  ];
  const primary = { pointerId: 1, isPrimary: true, button: 0, buttons: 1, pointerType: "mouse" };
  const event = (x, y) => ({ ...primary, clientX: x, clientY: y, composedPath: () => path });
  const started = Math.round(performance.timeOrigin);
  const parentElement = {};

  page.press = (x, y) => listeners.pointerdown(event(x, y));
  page.move = (x, y) => listeners.pointermove(event(x, y));
  page.lift = () => listeners.pointerup(event(0, 0));
  page.pass = (ms) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  page.stroke = (stroke) => ({
    lifted: false,
    ...stroke,
    started: started + (stroke.started ?? 0),
  });
  page.answer = ({ received = null, confirmed = 0 }) =>
    companion({
      data: { received, confirmed },
      parentElement,
      setStateValue: (_name, message) => page.sent.push(message),
    });
  page.cleanFirst = page.answer(first);
  return page;
}
