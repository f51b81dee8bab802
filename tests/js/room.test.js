import assert from "node:assert/strict";
import { test } from "node:test";
import { publish } from "../../digitcanvas/app/bus.js";
import show, { lineOf, secondsOf } from "../../digitcanvas/app/parts/room.js";

const data = { code: "BCDFG", note: "what you draw appears on its wall." };
const room = (fields) => ({ code: "BCDFG", error: "", isOpen: true, game: null, ...fields });
const game = (fields) => ({ isOver: false, asked: 0, round: 4, left: 80, mine: null, ...fields });
const words = (heard) => lineOf(data, heard).words;

test("the line says in which room one is, whatever another one does", () => {
  const usual = "In room BCDFG: what you draw appears on its wall.";
  for (const heard of [null, room(), { ...room({ isOpen: false }), code: "XXXXX" }]) {
    assert.deepEqual(lineOf(data, heard), { words: usual, asked: "", isError: false });
  }
});

test("the line says what is wrong", () => {
  assert.equal(words(room({ isOpen: false })), "Room BCDFG has ended.");
  const none = lineOf(data, room({ isOpen: false, error: "There is no room." }));
  assert.deepEqual([none.words, none.isError], ["There is no room.", true]);
  const full = lineOf(data, room({ error: "The disk is full." }));
  assert.equal(full.words, "Your drawing is not on the wall. The disk is full.");
  assert.ok(full.isError);
});

test("the line asks for a digit, 0 too, and tells the result", () => {
  const line = lineOf(data, room({ game: game() }));
  assert.deepEqual([line.words, line.asked], ["Draw", "0"]);
  const over = (mine) => words(room({ game: game({ isOver: true, mine }) }));
  assert.equal(over(null), "The game is over.");
  assert.equal(over([2, 9, 1, 0]), "The game is over. 1 of your digits was read, place 2 of 9.");
  assert.match(over([1, 9, 12, 3]), /12 of your digits were read.* You fooled it with 3\./);
});

test("the seconds run down to none", () => {
  const playing = room({ game: game() });
  assert.equal(secondsOf(data, playing, 0), 80);
  assert.equal(secondsOf(data, playing, 1500), 79);
  assert.equal(secondsOf(data, playing, 10 ** 6), 0);
  for (const none of [null, room(), room({ game: game({ isOver: true }) })]) {
    assert.equal(secondsOf(data, none, 0), null);
  }
  assert.equal(secondsOf({ code: "XXXXX" }, playing, 0), null);
});

test("the line follows its room until it is gone", (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const slots = [{ textContent: "" }, { textContent: "" }, { textContent: "" }];
  const element = { children: slots, classList: { toggle: () => {} } };
  const parentElement = { querySelector: () => element };
  const shown = () => slots.map(({ textContent }) => textContent);
  const stop = show({ data, parentElement });
  publish("room", room({ game: game({ asked: 7 }) }));
  context.mock.timers.tick(2000);
  assert.deepEqual(shown(), ["Draw", "7", "78 s left"]);
  const next = show({ data, parentElement });
  stop();
  publish("room", room());
  assert.match(shown().join(), /^In room BCDFG.*,,$/);
  next();
  publish("room", room({ isOpen: false }));
  assert.match(shown()[0], /^In room/);
});
