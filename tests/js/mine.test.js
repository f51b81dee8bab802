import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Drawing } from "../../digitcanvas/app/canvas/drawing.js";
import { areAlike, Mine, wordsOf } from "../../digitcanvas/app/canvas/mine.js";
import { sampleOf } from "../../digitcanvas/app/canvas/samples.js";

const WIDTH = 16;

class Storage {
  items = new Map();

  getItem(name) {
    return this.items.get(name) ?? null;
  }

  setItem(name, value) {
    this.items.set(name, value);
  }
}

let storage;
let mine;
let drawing;

beforeEach(() => {
  storage = new Storage();
  mine = new Mine(() => storage);
  drawing = new Drawing(
    () => storage,
    (strokes, version) => mine.add(strokes, version),
  );
});

function show(digit) {
  drawing.try(sampleOf(digit), WIDTH);
  mine.hear(drawing.version, { digit, certainty: "99 %", rejected: false, percent: [] });
}

function draw(x) {
  drawing.press([x, 0.2], WIDTH);
  drawing.move([[x, 0.8]]);
  drawing.lift();
}

/** The digits that the list's drawings were read as. */
function listed() {
  return mine.drawings.map(({ answer }) => answer && Number(answer.text));
}

describe("the list of drawings", () => {
  test("has those that left the canvas, the newest first, with their answers", () => {
    for (const digit of [7, 1, 3]) show(digit);
    assert.deepEqual(listed(), [1, 7]);
    drawing.clear();
    assert.deepEqual(listed(), [3, 1, 7]);
    const { strokes, answer } = mine.drawings[0];
    assert.deepEqual(
      strokes.map(({ points }) => points),
      sampleOf(3),
    );
    assert.equal(answer.certainty, "99 %");
  });

  test("has no drawing of nothing, nor of strokes taken back one by one", () => {
    drawing.clear();
    draw(0.3);
    drawing.undo();
    drawing.try(sampleOf(1), WIDTH);
    assert.deepEqual(mine.drawings, []);
  });

  test("has no answer to another drawing", () => {
    show(4);
    draw(0.5);
    drawing.clear();
    assert.deepEqual(listed(), [null]);
  });

  test("has a drawing once, with its last answer, however often it comes and goes", () => {
    show(7);
    show(1);
    drawing.undo();
    mine.hear(drawing.version, { digit: 9, certainty: "60 %", rejected: false });
    drawing.redo();
    drawing.thicken(0, 28);
    drawing.clear();
    assert.deepEqual(listed(), [1, 9]);
    show(7);
    drawing.clear();
    assert.deepEqual(listed(), [7, 1]);
  });

  test("loses no drawing to undo", () => {
    for (const digit of [1, 2, 3]) show(digit);
    while (drawing.canUndo) drawing.undo();
    draw(0.4);
    assert.ok(!drawing.canRedo);
    assert.deepEqual(listed().toSorted(), [1, 2, 3]);
  });

  test("has no drawing that was dropped", () => {
    show(1);
    drawing.drop();
    assert.deepEqual(mine.drawings, []);
  });

  test("has ten, and the tab keeps them", () => {
    for (let count = 0; count < 13; count += 1) {
      draw(count / 20);
      mine.hear(drawing.version, { digit: count % 10, certainty: "99 %", rejected: false });
      drawing.clear();
    }
    assert.deepEqual(listed(), [2, 1, 0, 9, 8, 7, 6, 5, 4, 3]);
    assert.deepEqual(new Mine(() => storage).drawings, mine.drawings);
  });

  test("forgets one or all, also in the tab", () => {
    for (const digit of [1, 2, 3, 4]) show(digit);
    mine.remove(mine.drawings[1]);
    assert.deepEqual(listed(), [3, 1]);
    assert.equal(new Mine(() => storage).drawings.length, 2);
    mine.removeAll();
    assert.deepEqual(new Mine(() => storage).drawings, []);
  });

  test("is empty where the tab keeps nothing that makes sense, or may keep nothing", () => {
    const stroke = { width: 16, points: [1, 2] };
    for (const kept of [
      "no JSON",
      "null",
      "7",
      "{}",
      "[null]",
      "[[]]",
      JSON.stringify([{ strokes: [], answer: null }]),
      JSON.stringify([{ strokes: [{ width: 16, points: [1] }], answer: null }]),
      JSON.stringify([{ strokes: [{ width: "16", points: [1, 2] }], answer: null }]),
      JSON.stringify([{ strokes: [stroke], answer: { text: "<b>" } }]),
    ]) {
      storage.setItem("digitcanvas.mine", kept);
      assert.deepEqual(new Mine(() => storage).drawings, [], kept);
    }
    const forbidden = new Mine(() => {
      throw new Error("forbidden");
    });
    forbidden.add([stroke], 1);
    assert.equal(forbidden.drawings.length, 1);
  });
});

describe("what undo remembers", () => {
  test("is without the drawings that were deleted", () => {
    for (const digit of [1, 2, 3]) show(digit);
    drawing.forgetEarlier((strokes) => areAlike(strokes, mine.drawings[0].strokes));
    assert.ok(drawing.undo());
    assert.deepEqual(drawing.strokes[0].points, sampleOf(1)[0]);
    drawing.forgetEarlier(() => true);
    assert.ok(!drawing.canRedo);
    drawing = new Drawing(() => storage);
    assert.deepEqual([drawing.earlier, drawing.undone], [[], []]);
    assert.deepEqual(drawing.strokes[0].points, sampleOf(1)[0]);
  });
});

test("an answer in words", () => {
  const answer = { text: "8", certainty: "97 %", rejected: false };
  assert.deepEqual(wordsOf(answer), { short: "8", long: "an 8, 97 % sure" });
  assert.equal(wordsOf({ ...answer, text: "1" }).long, "a 1, 97 % sure");
  assert.equal(wordsOf({ ...answer, rejected: true }).short, "no digit");
  const number = { ...answer, text: "20 26" };
  assert.deepEqual(wordsOf(number), { short: "20 26", long: "20 26, 97 % sure" });
  assert.equal(wordsOf({ ...number, rejected: true }).long, "20 26, not all of it digits");
  assert.equal(wordsOf(null).short, "not read");
});
