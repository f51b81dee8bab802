import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Pen, pointOf } from "../../digitcanvas/app/canvas/pen.js";

/** A window or a document: it hands its events to those who listen, in their turn. */
class Target {
  entries = [];

  addEventListener(type, listener, { capture, signal }) {
    assert.ok(capture, "the pen comes before everybody else");
    this.entries.push({ type, listener, signal });
  }

  get listeners() {
    return this.entries.filter(({ signal }) => !signal.aborted);
  }

  fire(type, fields = {}) {
    const event = {
      type,
      target: this,
      isTrusted: true,
      prevented: false,
      stopped: false,
      preventDefault: () => {
        event.prevented = true;
      },
      stopImmediatePropagation: () => {
        event.stopped = true;
      },
      ...fields,
    };
    for (const { listener } of this.listeners.filter((entry) => entry.type === type)) {
      listener(event);
    }
    return event;
  }
}

/** A canvas of 280 pixels at 100, 50. */
class Surface {
  box = { left: 100, top: 50, width: 280, height: 280 };
  captured = null;
  isConnected = true;

  getBoundingClientRect() {
    return this.box;
  }

  setPointerCapture(pointer) {
    if (!this.isConnected) throw new Error("InvalidStateError");
    this.captured = pointer;
  }

  hasPointerCapture(pointer) {
    return this.captured === pointer;
  }

  releasePointerCapture() {
    this.captured = null;
  }
}

let reports;
let surface;
let pen;
let page;

beforeEach(() => {
  globalThis.window = new Target();
  globalThis.document = new Target();
  reports = [];
  surface = new Surface();
  page = { button: "a button" };
  pen = new Pen((event) => (event.target === surface ? surface : null), {
    press: (point) => reports.push(["press", inPixels(point)]),
    move: (points) => reports.push(["move", ...points.map(inPixels)]),
    lift: () => reports.push(["lift"]),
  });
});

function inPixels([x, y]) {
  return [Math.round(x * 280), Math.round(y * 280)];
}

/** An event of a mouse over the surface, its main button held. */
function mouse(type, x, y, fields = {}) {
  const isUp = type === "pointerup";
  return globalThis.window.fire(type, {
    target: surface,
    pointerId: 1,
    pointerType: "mouse",
    isPrimary: true,
    button: type === "pointermove" ? -1 : 0,
    buttons: isUp ? 0 : 1,
    clientX: 100 + x,
    clientY: 50 + y,
    ...fields,
  });
}

function finger(type, x, y, fields = {}) {
  return mouse(type, x, y, { pointerId: 7, pointerType: "touch", ...fields });
}

/** What is reported from here on. */
function during(...actions) {
  reports.length = 0;
  for (const action of actions) action();
  return reports;
}

function press() {
  mouse("pointerdown", 10, 20);
  assert.deepEqual(reports.at(-1), ["press", [10, 20]]);
  assert.ok(pen.isDown);
}

function assertLifted() {
  assert.ok(!pen.isDown);
  assert.equal(surface.captured, null);
  assert.deepEqual(
    during(
      () => mouse("pointermove", 50, 60),
      () => mouse("pointerup", 50, 60),
    ),
    [],
  );
}

describe("a pen that is up", () => {
  test("is pressed by the main button, captures the pointer, moves and is lifted", () => {
    press();
    assert.equal(surface.captured, 1);
    assert.deepEqual(
      during(() => mouse("pointermove", 30, 40)),
      [["move", [30, 40]]],
    );
    assert.deepEqual(
      during(() => mouse("pointerup", 31, 42)),
      [["move", [31, 42]], ["lift"]],
    );
    assertLifted();
  });

  test("is pressed beside the surface by nobody, by no other button, by no second finger", () => {
    for (const fields of [
      { target: page.button },
      { button: 2, buttons: 2 },
      { button: 1, buttons: 4 },
      { button: 5, buttons: 32 }, // a pen's eraser
      { isPrimary: false },
    ]) {
      assert.deepEqual(
        during(() => mouse("pointerdown", 10, 20, fields)),
        [],
      );
      assert.ok(!pen.isDown);
    }
  });

  test("reports nothing, whatever else happens", () => {
    const { window, document } = globalThis;
    const calm = during(
      () => mouse("pointermove", 10, 20),
      () => mouse("pointermove", 10, 20, { buttons: 0 }),
      () => mouse("pointerup", 10, 20),
      () => mouse("pointercancel", 10, 20),
      () => mouse("lostpointercapture", 10, 20),
      () => window.fire("blur"),
      () => window.fire("pagehide", { target: document }),
      () => document.fire("visibilitychange"),
    );
    assert.deepEqual(calm, []);
    assert.ok(!window.fire("contextmenu").prevented);
  });

  test("can be pressed again after each lift, by any pointer", () => {
    press();
    mouse("pointerup", 10, 20);
    finger("pointerdown", 5, 6);
    assert.equal(surface.captured, 7);
    finger("pointerup", 5, 6);
    press();
  });
});

describe("a pen that is down", () => {
  beforeEach(press);

  test("reports all the points that the browser has gathered into one event", () => {
    const gathered = [
      { clientX: 111, clientY: 71 },
      { clientX: 113, clientY: 75 },
    ];
    const move = (events) =>
      during(() => mouse("pointermove", 13, 25, { getCoalescedEvents: () => events }));
    assert.deepEqual(move(gathered), [["move", [11, 21], [13, 25]]]);
    assert.deepEqual(move([]), [["move", [13, 25]]]); // as for a press of another button
  });

  test("is lifted if it moves with its button no longer held", () => {
    for (const buttons of [0, 2]) {
      assert.deepEqual(
        during(() => mouse("pointermove", 30, 40, { buttons })),
        [["lift"]],
      );
      assertLifted();
      press();
    }
  });

  test("is lifted where it never moved to, and the point is not lost", () => {
    assert.deepEqual(
      during(() => mouse("pointerup", 200, 210, { target: page.button })),
      [["move", [200, 210]], ["lift"]],
    );
    assertLifted();
  });

  test("is lifted where it was before it was cancelled: a call, an edge swipe", () => {
    mouse("pointermove", 30, 40);
    assert.deepEqual(
      during(() => mouse("pointercancel", 0, 0)),
      [["lift"]],
    );
    assertLifted();
  });

  test("captures its pointer again when the capture is lost", () => {
    surface.captured = null;
    assert.deepEqual(
      during(() => mouse("lostpointercapture", 10, 20)),
      [],
    );
    assert.equal(surface.captured, 1);
    assert.deepEqual(
      during(() => mouse("pointermove", 30, 40)),
      [["move", [30, 40]]],
    );
  });

  test("is lifted when the capture is lost and cannot be had again", () => {
    Object.assign(surface, { captured: null, isConnected: false });
    const lost = () => mouse("lostpointercapture", 10, 20, { target: globalThis.document });
    assert.deepEqual(during(lost), [["lift"]]);
    assertLifted();
  });

  test("stays down when another pointer loses its capture", () => {
    surface.isConnected = false;
    assert.deepEqual(
      during(() => finger("lostpointercapture", 1, 1)),
      [],
    );
    assert.ok(pen.isDown);
  });

  test("draws even if the pointer could not be captured", () => {
    mouse("pointerup", 10, 20);
    surface.isConnected = false;
    press();
    assert.deepEqual(
      during(
        () => mouse("pointermove", 30, 40),
        () => mouse("pointerup", 30, 40),
      ),
      [["move", [30, 40]], ["move", [30, 40]], ["lift"]],
    );
  });

  test("is lifted when the window loses the focus, but not when an element does", () => {
    const { window } = globalThis;
    assert.deepEqual(
      during(() => window.fire("blur", { target: page.button })),
      [],
    );
    assert.ok(pen.isDown);
    assert.deepEqual(
      during(() => window.fire("blur")),
      [["lift"]],
    );
    assertLifted();
  });

  test("is lifted when the page is hidden or left", () => {
    const { window, document } = globalThis;
    assert.deepEqual(
      during(() => document.fire("visibilitychange")),
      [["lift"]],
    );
    assertLifted();
    press();
    assert.deepEqual(
      during(() => window.fire("pagehide", { target: document })),
      [["lift"]],
    );
    assertLifted();
  });

  test("is lifted when the surface is hidden or gone, without a point that makes no sense", () => {
    for (const lift of ["pointermove", "pointerup"]) {
      const { box } = surface;
      surface.box = { left: 0, top: 0, width: 0, height: 0 };
      assert.deepEqual(
        during(() => mouse(lift, 30, 40)),
        [["lift"]],
      );
      surface.box = box;
      assertLifted();
      press();
    }
  });

  test("starts a new stroke when it is pressed again: the lift was lost", () => {
    assert.deepEqual(
      during(() => mouse("pointerdown", 90, 80)),
      [["lift"], ["press", [90, 80]]],
    );
    assert.equal(surface.captured, 1);
    mouse("pointerup", 90, 80);
    const touches = during(
      () => finger("pointerdown", 10, 20),
      () => finger("pointerdown", 50, 60, { pointerId: 8 }), // the next touch has another id
      () => finger("pointermove", 51, 61, { pointerId: 8 }),
    );
    assert.deepEqual(touches, [
      ["press", [10, 20]],
      ["lift"],
      ["press", [50, 60]],
      ["move", [51, 61]],
    ]);
  });

  test("is lifted when it is pressed elsewhere, and that press is the page's", () => {
    assert.deepEqual(
      during(() => mouse("pointerdown", 9, 300, { target: page.button })),
      [["lift"]],
    );
    for (const type of ["mousedown", "click"]) {
      assert.ok(!globalThis.window.fire(type, { target: page.button }).stopped);
    }
    assertLifted();
  });

  test("takes no notice of its other buttons", () => {
    const barrel = during(
      () => mouse("pointermove", 10, 20, { button: 2, buttons: 3 }),
      () => mouse("pointermove", 10, 21, { button: 2, buttons: 1 }),
      () => mouse("pointerdown", 10, 21, { button: 2, buttons: 3 }),
    );
    assert.deepEqual(barrel, [
      ["move", [10, 20]],
      ["move", [10, 21]],
    ]);
    assert.ok(pen.isDown);
    assert.ok(globalThis.window.fire("contextmenu").prevented);
  });

  test("takes no notice of a second finger, nor of a palm beside the stylus", () => {
    mouse("pointerup", 10, 20);
    for (const [pointerType, other] of [
      ["touch", { pointerType: "touch", isPrimary: false }],
      ["pen", { pointerType: "touch", isPrimary: true }],
      ["pen", { pointerType: "mouse", isPrimary: true }],
    ]) {
      mouse("pointerdown", 10, 20, { pointerType });
      const beside = { ...other, pointerId: 9 };
      const noise = during(
        () => mouse("pointerdown", 200, 210, beside),
        () => mouse("pointermove", 201, 211, beside),
        () => mouse("pointerup", 201, 211, beside),
        () => mouse("pointercancel", 201, 211, beside),
      );
      assert.deepEqual(noise, []);
      assert.equal(surface.captured, 1);
      mouse("pointerup", 10, 20);
    }
  });

  test("gives way to a stylus that comes after the palm", () => {
    mouse("pointerup", 10, 20);
    const taken = during(
      () => finger("pointerdown", 200, 210),
      () => mouse("pointerdown", 30, 40, { pointerType: "pen", pointerId: 3 }),
      () => finger("pointermove", 201, 211),
      () => mouse("pointermove", 31, 41, { pointerType: "pen", pointerId: 3 }),
      () => finger("pointerup", 201, 211),
    );
    assert.deepEqual(taken, [
      ["press", [200, 210]],
      ["lift"],
      ["press", [30, 40]],
      ["move", [31, 41]],
    ]);
  });

  test("can be lifted by the page, once", () => {
    assert.deepEqual(during(pen.end, pen.end), [["lift"]]);
    assertLifted();
  });

  test("is lifted when the page has no more use for it, and hears no more", () => {
    assert.deepEqual(
      during(() => pen.stop()),
      [["lift"]],
    );
    assert.deepEqual(
      during(() => mouse("pointerdown", 10, 20)),
      [],
    );
    assert.equal(globalThis.window.listeners.length + globalThis.document.listeners.length, 0);
  });
});

describe("the browser's events of mice and touches", () => {
  const types = ["mousedown", "mousemove", "mouseup", "click", "dblclick"];
  types.push("touchstart", "touchmove", "touchend", "touchcancel");

  test("do not reach the surface", () => {
    for (const type of types) assert.ok(globalThis.window.fire(type, { target: surface }).stopped);
  });

  test("reach everything else, unless the pen is down", () => {
    const { window } = globalThis;
    for (const type of types) assert.ok(!window.fire(type, { target: page.button }).stopped);
    press();
    for (const type of types) assert.ok(window.fire(type, { target: page.button }).stopped);
  });

  test("that we make ourselves do reach it", () => {
    press();
    for (const type of types) {
      assert.ok(!globalThis.window.fire(type, { target: surface, isTrusted: false }).stopped);
    }
  });
});

test("a point is where an event is on the surface, as shares of its width and height", () => {
  const at = { clientX: 170, clientY: 190 };
  assert.deepEqual(pointOf(at, surface), [0.25, 0.5]);
  surface.box = { left: 150, top: 150, width: 40, height: 80 };
  assert.deepEqual(pointOf(at, surface), [0.5, 0.5]);
});
