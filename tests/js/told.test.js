import assert from "node:assert/strict";
import { test } from "node:test";

import { Telling, Tellings } from "../../digitcanvas/app/parts/told.js";

const NO_DIGIT = 10;

function answering(digit, { rejected = false, version = 1, isFinal = true, isAtRest = true } = {}) {
  return { answers: [{ digit, rejected }], isFinal, isAtRest, version };
}

function heard(...given) {
  const telling = new Telling();
  telling.hear(answering(...given));
  return telling;
}

test("nothing can be told before the answer is final and the pen is at rest", () => {
  assert.equal(new Telling().canTell, false);
  assert.equal(heard(7, { isFinal: false }).canTell, false);
  assert.equal(heard(7, { isAtRest: false }).say(7), null);
  assert.equal(heard(7).canTell, true);
});

test("a digit is told once, and another one corrects it", () => {
  const telling = heard(1);
  assert.deepEqual(telling.say(7), { told: 7 });
  assert.equal(telling.say(7), null); // the answer is awaited
  telling.told({ drawing: 5, digit: 7, doubt: null, isLearnt: true });
  telling.hear(answering(7));
  assert.equal(telling.words, "Read as a 7 since you told it so.");
  assert.equal(telling.say(7), null);
  assert.deepEqual(telling.say(2), { told: 2, correcting: 5 });
});

test("right is what it was read as, or no digit", () => {
  assert.deepEqual(heard(8).say("right"), { told: 8 });
  assert.deepEqual(heard(8, { rejected: true }).say("right"), { told: NO_DIGIT });
});

test("what still reads otherwise is said, with its article", () => {
  const telling = heard(3);
  telling.say(8);
  telling.told({ drawing: 5, digit: 8, doubt: null, isLearnt: true });
  assert.match(telling.words, /^Kept as an 8, though it still reads a 3/);
});

test("what was read right is not said to be read so because it was told", () => {
  const telling = heard(8);
  telling.say("right");
  telling.told({ drawing: 5, digit: 8, doubt: null, isLearnt: true });
  assert.equal(telling.words, "Kept as an 8: it was read right.");
  telling.say(3);
  telling.told({ drawing: 5, digit: 3, doubt: null, isLearnt: true });
  telling.hear(answering(3));
  assert.equal(telling.words, "Read as a 3 since you told it so.");
});

test("what a network cannot learn is said, instead of asking for more", () => {
  const telling = heard(7);
  telling.say(NO_DIGIT);
  telling.told({ drawing: 5, digit: NO_DIGIT, doubt: null, isLearnt: false });
  assert.equal(telling.words, "Kept as no digit, which this network cannot learn. Others can.");
});

test("a drawing that contradicts the others is doubted aloud", () => {
  const telling = heard(1);
  telling.say(7);
  telling.told({ drawing: 5, digit: 7, doubt: 1, isLearnt: true });
  assert.equal(telling.words, "This looks like your 1s. Are you sure that it is a 7?");
});

test("what was told is taken back by the drawing's id, and can be told anew", () => {
  const telling = heard(1);
  telling.say(7);
  telling.told({ drawing: 5, digit: 7, doubt: null, isLearnt: true });
  assert.deepEqual(telling.takeBack(), { forget: 5 });
  telling.told({ forgotten: 5 });
  assert.match(telling.words, /^Taken back/);
  assert.deepEqual(telling.say(7), { told: 7 });
});

test("an error is said, and the next word is about a drawing that may be gone", () => {
  const telling = heard(1);
  telling.say(7);
  telling.told({ error: "The disk is full." });
  assert.equal(telling.words, "The disk is full.");
  assert.deepEqual(telling.say(7), { told: 7 });
  telling.told({ drawing: 5, digit: 7, doubt: null, isLearnt: true });
  assert.deepEqual(telling.say(2), { told: 2, correcting: 5 });
  telling.told({ error: "There is no such drawing." });
  assert.deepEqual(telling.say(2), { told: 2 });
});

test("another drawing forgets what was told of the one before, but not while it is awaited", () => {
  const telling = heard(1);
  telling.say(7);
  telling.hear(answering(1, { version: 2 }));
  assert.equal(telling.digit, 7);
  telling.told({ drawing: 5, digit: 7, doubt: null, isLearnt: true });
  telling.hear(answering(1, { version: 2 }));
  assert.deepEqual([telling.drawing, telling.digit, telling.words], [null, null, ""]);
});

test("each digit of a number is told by itself, and what was told of it stays", () => {
  const tellings = new Tellings();
  const look = (chosen, digit, fields = {}) =>
    tellings.hear({ ...answering(digit, fields), digits: [{}, {}], chosen });
  look(1, 7);
  assert.equal(tellings.current.subject, "This is about the 7 that is marked. ");
  assert.deepEqual(tellings.current.say(1), { told: 1, place: 1 });
  look(0, 2);
  assert.ok(tellings.waiting && tellings.current !== tellings.waiting);
  tellings.waiting.told({ drawing: 5, digit: 1, doubt: null, isLearnt: true });
  assert.equal(tellings.current.words, "");
  assert.deepEqual(tellings.current.say("right"), { told: 2, place: 0 });
  tellings.waiting.told({ drawing: 6, digit: 2, doubt: null, isLearnt: true });
  look(1, 1);
  assert.equal(tellings.current.words, "Read as a 1 since you told it so.");
  assert.deepEqual(tellings.current.say(3), { told: 3, place: 1, correcting: 5 });
  tellings.waiting.told({ error: "The disk is full." });
  look(1, 1, { version: 2 });
  assert.equal(tellings.current.words, "");
});

test("a drawing that becomes a number forgets what was told of it as one digit", () => {
  const tellings = new Tellings();
  tellings.hear(answering(1));
  assert.deepEqual(tellings.current.say(7), { told: 7 });
  tellings.waiting.told({ drawing: 5, digit: 7, doubt: null, isLearnt: true });
  tellings.hear({ ...answering(1), digits: [{}, {}], chosen: 0 });
  assert.equal(tellings.current.words, "");
  assert.equal(new Tellings().current.subject, "");
});
