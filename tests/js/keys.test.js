import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { actionOf, digitOf } from "../../digitcanvas/app/canvas/keys.js";

/** A press of a key, with the focus in an element that these selectors match. */
function press(key, { inside = [], ...more } = {}) {
  const element = { matches: (list) => inside.some((one) => list.split(",").includes(one)) };
  return { key, composedPath: () => [element, {}], ...more };
}

const CTRL = { ctrlKey: true };
const CMD = { metaKey: true };

describe("a key", () => {
  for (const held of [CTRL, CMD]) {
    const name = Object.keys(held)[0];
    test(`with ${name} undoes and redoes`, () => {
      assert.equal(actionOf(press("z", held)), "undo");
      assert.equal(actionOf(press("Z", { ...held, shiftKey: true })), "redo");
      assert.equal(actionOf(press("z", { ...held, shiftKey: true })), "redo"); // with caps lock
      assert.equal(actionOf(press("y", held)), "redo");
      assert.equal(actionOf(press("Y", held)), "redo");
      for (const key of ["a", "c", "Delete", "Escape", "Backspace"]) {
        assert.equal(actionOf(press(key, held)), null, key);
      }
    });
  }

  test("clears", () => {
    for (const key of ["Delete", "Backspace", "Escape"]) {
      assert.equal(actionOf(press(key), false), "clear", key);
      assert.equal(actionOf(press(key, { shiftKey: true }), false), null, key);
    }
  });

  test("takes the stroke back while the pen is down", () => {
    assert.equal(actionOf(press("Escape"), true), "undo");
    assert.equal(actionOf(press("Delete"), true), "clear");
  });

  test("does nothing by itself otherwise", () => {
    for (const key of ["z", "y", "Z", "Enter", " ", "Tab", "ArrowLeft", "d"]) {
      assert.equal(actionOf(press(key)), null, key);
    }
    assert.equal(actionOf(press("z", { ...CTRL, altKey: true })), null);
  });

  test("that something else has used, or that composes a letter, does nothing", () => {
    assert.equal(actionOf(press("Escape", { defaultPrevented: true })), null);
    assert.equal(actionOf(press("Backspace", { isComposing: true })), null);
  });

  test("does nothing where it is typed into something", () => {
    for (const place of ["input", "textarea", "select", "[role=dialog]", "[popover]"]) {
      for (const event of [
        press("z", { ...CTRL, inside: [place] }),
        press("Delete", { inside: [place] }),
      ]) {
        assert.equal(actionOf(event), null, place);
      }
    }
    assert.equal(actionOf(press("Delete", { inside: ["button"] })), "clear");
  });
});

describe("a digit's key", () => {
  test("says what the drawing is", () => {
    for (let digit = 0; digit < 10; digit += 1) assert.equal(digitOf(press(`${digit}`)), digit);
    for (const key of ["a", "10", "F1", "Enter", ""]) assert.equal(digitOf(press(key)), null, key);
  });

  test("is left to the browser, to fields and to others", () => {
    for (const held of [CTRL, CMD, { altKey: true }, { defaultPrevented: true }]) {
      assert.equal(digitOf(press("1", held)), null);
    }
    assert.equal(digitOf(press("1", { inside: ["input"] })), null);
  });
});
