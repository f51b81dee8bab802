import assert from "node:assert/strict";
import { test } from "node:test";

import { Asking } from "../../digitcanvas/app/parts/asking.js";

const NOTHING = Array(10).fill(0);

function asking(counts = NOTHING, random = () => 0) {
  const asking = new Asking(random);
  asking.update({ hand: 1, counts, rounds: 3 });
  return asking;
}

function answering(digit, { rejected = false, isFinal = true, isAtRest = true } = {}) {
  return { answers: [{ digit, rejected }], isFinal, isAtRest };
}

/** Draw what is asked for, and have it kept. */
function drawAndKeep(asking, { read = asking.digit, id = 1, doubt = null } = {}) {
  asking.isDrawn = true;
  const message = asking.tell(answering(read));
  asking.hear({ drawing: id, doubt });
  return message;
}

test("each digit is asked for once a round, and no digit twice in a row", () => {
  for (let seed = 1; seed < 200; seed += 1) {
    let state = seed;
    const one = asking(NOTHING, () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    });
    one.start();
    const asked = [];
    while (one.digit !== null) {
      asked.push(one.digit);
      drawAndKeep(one);
    }
    assert.equal(asked.length, 30);
    for (const round of [0, 10, 20]) {
      const digits = asked.slice(round, round + 10).sort();
      assert.deepEqual(digits, [...NOTHING.keys()]);
    }
    assert.ok(asked.every((digit, place) => digit !== asked[place + 1]));
  }
});

test("it goes on where the hand is, and stops when all rounds are done", () => {
  const counts = [3, 3, 2, 3, 3, 3, 3, 5, 3, 3];
  const one = asking(counts);
  assert.deepEqual([one.done, one.total], [29, 30]);
  one.start();
  assert.equal(one.digit, 2);
  drawAndKeep(one);
  assert.equal(one.digit, null);
  assert.deepEqual([one.done, one.total], [30, 30]);
  one.start();
  assert.deepEqual([one.digit, one.done, one.total], [0, 31, 40]); // the 7s were ahead
});

test("a drawing counts when it was drawn for this, is read as a whole, and the pen rests", () => {
  const one = asking();
  assert.equal(one.isDone(answering(4)), false); // nothing is asked for
  one.start();
  assert.equal(one.isDone(answering(4)), false); // it was there before, as after an undo
  one.isDrawn = true;
  assert.equal(one.isDone({ answers: [], isFinal: true, isAtRest: true }), false);
  assert.equal(one.isDone(answering(4, { isAtRest: false })), false);
  assert.equal(one.isDone(answering(4, { isFinal: false })), false);
  assert.equal(one.isDone(answering(4)), true);
  one.stop();
  assert.equal(one.isDone(answering(4)), false);
});

test("what is told is the digit that was asked for, whatever it was read as", () => {
  const one = asking();
  one.start();
  one.isDrawn = true;
  assert.deepEqual(one.tell(answering(9)), { told: 0, clears: true });
  assert.equal(one.digit, 1);
  assert.equal(one.isDrawn, false);
  assert.equal(one.done, 1);
  one.isDrawn = true;
  assert.equal(one.isDone(answering(1)), false); // not before the first one is kept
  one.hear({ drawing: 7 });
  assert.equal(one.words, "Your 0 was read as a 9 until now.");
  assert.equal(one.isDone(answering(1)), true);
});

test("what could not be kept is asked for again, with the reason", () => {
  const one = asking();
  one.start();
  one.tell(answering(0));
  assert.equal(one.hear({ error: "The disk is full." }), true);
  assert.deepEqual([one.digit, one.done, one.isDrawn], [0, 0, false]);
  assert.equal(one.words, "The disk is full.");
  drawAndKeep(one);
  assert.equal(one.words, "Your 0 was read right.");
});

test("what is not kept after the end is not asked for, and does not count", () => {
  const one = asking();
  one.start();
  one.tell(answering(0));
  one.stop();
  one.hear({ error: "The disk is full." });
  assert.deepEqual([one.digit, one.done], [null, 0]);
});

test("the last one can be taken back, once, and is asked for again", () => {
  const one = asking();
  one.start();
  assert.equal(one.canTakeBack, false);
  one.tell(answering(0));
  assert.equal(one.canTakeBack, false); // its id is not known
  one.hear({ drawing: 7 });
  assert.equal(one.canTakeBack, true);
  assert.deepEqual(one.takeBack(), { forget: 7, clears: true });
  assert.equal(one.canTakeBack, false);
  assert.equal(one.hear({ forgotten: 7 }), true);
  assert.deepEqual([one.digit, one.done, one.canTakeBack], [0, 0, false]);
});

test("what could not be taken back stays", () => {
  const one = asking();
  one.start();
  drawAndKeep(one);
  one.takeBack();
  assert.equal(one.hear({ error: "The store is busy." }), false);
  assert.deepEqual([one.digit, one.done, one.canTakeBack], [1, 1, true]);
  assert.equal(one.words, "The store is busy.");
});

test("a drawing that looks like others is doubted", () => {
  const one = asking();
  one.start();
  drawAndKeep(one, { doubt: 6 });
  assert.equal(one.words, "Your 0 looks like your 6s.");
});

test("a drawing that was not taken for a digit is said to be one now", () => {
  const one = asking();
  one.start();
  one.tell(answering(0, { rejected: true }));
  one.hear({ drawing: 7 });
  assert.equal(one.words, "Your 0 was not taken for a digit until now.");
});

test("what the server knows counts, but not while it asks for more", () => {
  const one = asking();
  one.start();
  drawAndKeep(one);
  one.update({ hand: 1, counts: NOTHING, rounds: 3 });
  assert.equal(one.done, 1);
  one.stop();
  one.update({ hand: 1, counts: [2, ...NOTHING.slice(1)], rounds: 3 });
  assert.equal(one.done, 2);
});

test("the hand that the first drawing makes is no other one", () => {
  const one = new Asking();
  one.update({ hand: null, counts: NOTHING, rounds: 3 });
  one.start();
  drawAndKeep(one);
  one.update({ hand: 1, counts: NOTHING, rounds: 3 });
  assert.equal(one.done, 1);
  assert.notEqual(one.digit, null);
});

test("another hand begins anew", () => {
  const one = asking();
  one.start();
  drawAndKeep(one);
  one.update({ hand: 2, counts: NOTHING, rounds: 3 });
  assert.deepEqual([one.digit, one.done, one.words], [null, 0, ""]);
});
