import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Tour, wordsOf } from "../../digitcanvas/app/canvas/tour.js";

class Storage {
  items = new Map();

  getItem(name) {
    return this.items.get(name) ?? null;
  }

  setItem(name, value) {
    this.items.set(name, `${value}`);
  }
}

let browser;
let tab;

beforeEach(() => {
  browser = new Storage();
  tab = new Storage();
});

function open(steps = 4) {
  return new Tour(
    () => browser,
    () => tab,
    steps,
  );
}

describe("the tour", () => {
  test("has four steps, and a drawing does the first", () => {
    const tour = open();
    assert.equal(tour.step, 0);
    tour.drawn();
    assert.equal(tour.step, 1);
    tour.drawn(); // the next drawing is no step
    assert.equal(tour.step, 1);
    tour.next();
    tour.next();
    assert.ok(tour.step === 3 && tour.isLast);
    tour.next();
    assert.equal(tour.step, null);
    tour.next();
    tour.drawn();
    assert.equal(tour.step, null);
  });

  test("has three steps where nobody can train", () => {
    const tour = open(3);
    tour.drawn();
    assert.ok(!tour.isLast);
    tour.next();
    assert.ok(tour.step === 2 && tour.isLast);
    tour.next();
    assert.equal(tour.step, null);
    tab.setItem("digitcanvas.tour.step", "3");
    assert.equal(open(3).step, null);
    assert.equal(open(4).step, 3);
  });

  test("is shown on a browser's first visit alone", () => {
    open();
    tab = new Storage();
    assert.equal(open().step, null);
  });

  test("goes on after a reload where it was", () => {
    open().drawn();
    assert.equal(open().step, 1);
    open().next();
    assert.equal(open().step, 2);
  });

  test("stays away after a reload once it was skipped", () => {
    open().end();
    assert.equal(open().step, null);
  });

  test("comes again when it is asked for", () => {
    const tour = open();
    tour.end();
    tour.start();
    assert.equal(tour.step, 0);
    assert.equal(open().step, 0);
  });

  test("is shown where nothing can be stored, and not twice by one page", () => {
    const forbidden = () => {
      throw new Error("SecurityError");
    };
    const tour = new Tour(forbidden, forbidden, 4);
    assert.equal(tour.step, 0);
    tour.end();
    assert.equal(tour.step, null);
  });

  test("takes no notice of a step that makes no sense", () => {
    for (const kept of ["4", "-1", "1.5", "", "null", "{}"]) {
      tab.setItem("digitcanvas.tour.step", kept);
      assert.equal(open().step, null, kept);
    }
  });
});

test("the words fit on two lines, also of a phone, and say where a closed sidebar is", () => {
  for (const step of [0, 1, 2, 3]) {
    for (const isClosed of [true, false]) {
      const words = wordsOf(step, isClosed);
      assert.ok(words.length > 20 && words.length <= (isClosed ? 56 : 60), words);
      assert.equal(words.includes("»"), isClosed && step > 1);
    }
  }
});
