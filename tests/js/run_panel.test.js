import assert from "node:assert/strict";
import { test } from "node:test";
import { publish } from "../../digitcanvas/app/bus.js";
import show from "../../digitcanvas/app/parts/run_panel.js";

function panel(run) {
  const words = { textContent: "" };
  const bar = { attributes: {}, firstElementChild: { style: {} } };
  bar.setAttribute = (name, value) => {
    bar.attributes[name] = value;
  };
  const parentElement = { querySelector: (selector) => (selector === ".words" ? words : bar) };
  const stop = show({ data: { run, label: "Training mine" }, parentElement });
  const shown = () => [words.textContent, bar.attributes["aria-valuenow"]];
  return { shown, stop, bar };
}

test("the bar starts as the script says and follows its run alone", () => {
  const { shown, stop, bar } = panel({ id: "a", share: 0.25, words: "Epoch 1 of 4" });
  assert.deepEqual(shown(), ["Epoch 1 of 4", 25]);
  assert.equal(bar.attributes["aria-label"], "Training mine");
  publish("runs", [{ id: "b", share: 0.9, words: "another run" }]);
  assert.deepEqual(shown(), ["Epoch 1 of 4", 25]);
  publish("runs", [{ id: "a", share: 0.669, words: "Epoch 3 of 4" }]);
  assert.deepEqual(shown(), ["Epoch 3 of 4", 66]);
  assert.equal(bar.attributes["aria-valuetext"], "Epoch 3 of 4");
  assert.equal(bar.firstElementChild.style.width, "66%");
  stop();
  publish("runs", [{ id: "a", share: 1, words: "later" }]);
  assert.deepEqual(shown(), ["Epoch 3 of 4", 66]);
});

test("a run that waits says when it begins, and then how far it is", () => {
  const { shown } = panel({ id: "w", share: 0, words: "Waiting …" });
  const other = { id: "x", state: "waiting", words: "It is next." };
  publish("queue", [other, { id: "w", state: "waiting", words: "1 run before it." }]);
  assert.deepEqual(shown(), ["1 run before it.", 0]);
  publish("queue", [{ id: "w", state: "running", words: "" }]);
  assert.deepEqual(shown(), ["1 run before it.", 0]);
  publish("runs", [{ id: "w", share: 0.1, words: "Epoch 1 of 4" }]);
  assert.deepEqual(shown(), ["Epoch 1 of 4", 10]);
});

test("the bar does not go back to what was sent before the script ran", () => {
  publish("runs", [{ id: "a", share: 0.2, words: "old" }]);
  const { shown } = panel({ id: "a", share: 0.5, words: "new" });
  assert.deepEqual(shown(), ["new", 50]);
});
