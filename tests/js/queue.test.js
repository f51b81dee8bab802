import assert from "node:assert/strict";
import { test } from "node:test";
import { publish } from "../../digitcanvas/app/bus.js";
import show, { headOf } from "../../digitcanvas/app/parts/queue.js";

class Node {
  constructor(tag) {
    Object.assign(this, { tag, children: [], attributes: {}, dataset: {} });
  }
  appendChild(child) {
    this.children.push(child);
    return child;
  }
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  get buttons() {
    const below = this.children.flatMap((child) => child.buttons ?? []);
    return this.tag === "button" ? [this] : below;
  }
  get text() {
    return (
      this.textContent ?? this.children.map((child) => child.text ?? child.toString()).join("")
    );
  }
}

globalThis.document = { createElement: (tag) => new Node(tag) };

const RUNNING = { id: "a", name: "quick", state: "running", words: "", count: 1 };
const NEXT = { id: "b", name: "tiny", state: "waiting", words: "It is next.", count: 1 };
const LAST = { id: "c", name: "wide", state: "waiting", words: "1 run before it.", count: 1 };

function list(queue, { own = [], leads = false } = {}) {
  const parts = { ".queue": new Node("details"), summary: new Node("summary"), ol: new Node("ol") };
  const element = { querySelector: (selector) => parts[selector] };
  const asked = [];
  const component = {
    data: { queue, own, leads },
    parentElement: element,
    setTriggerValue: (event, value) => asked.push([event, value]),
  };
  const stop = show(component);
  const rows = () => parts.ol.children.map((row) => row.children[0].text);
  const buttons = () => parts.ol.children.map((row) => row.buttons.map((one) => one.textContent));
  return { asked, stop, rows, buttons, parts };
}

test("each run is told with what it waits for, and whose it is", () => {
  const { rows, parts } = list([RUNNING, NEXT, LAST], { own: ["b"] });
  assert.deepEqual(rows(), [
    "quick: under way",
    "tiny (yours): It is next.",
    "wide: 1 run before it.",
  ]);
  assert.equal(parts.summary.textContent, "Runs: 1 under way, 2 waiting");
  assert.equal(parts[".queue"].hidden, false);
});

test("one's own can be cancelled, and whoever leads cancels and puts first any other", () => {
  assert.deepEqual(list([RUNNING, NEXT, LAST]).buttons(), [[], [], []]);
  assert.deepEqual(list([RUNNING, NEXT], { own: ["b"] }).buttons(), [[], ["Cancel"]]);
  const led = list([RUNNING, NEXT, LAST], { leads: true });
  assert.deepEqual(led.buttons(), [["Cancel"], ["Cancel"], ["Put first", "Cancel"]]);
  const [, next, last] = led.parts.ol.children;
  next.buttons[0].onclick();
  last.buttons[0].onclick();
  assert.deepEqual(led.asked, [
    ["asked", { cancel: "b" }],
    ["asked", { first: "c" }],
  ]);
  assert.equal(last.buttons[0].attributes["aria-label"], "Put first: wide");
});

test("the list follows the news until it is gone, and hides with fewer than two runs", () => {
  const { rows, stop, parts } = list([RUNNING, NEXT]);
  publish("queue", [{ ...NEXT, state: "running", words: "" }, LAST]);
  assert.deepEqual(rows(), ["tiny: under way", "wide: 1 run before it."]);
  publish("queue", [LAST]);
  assert.equal(parts[".queue"].hidden, true);
  stop();
  publish("queue", [RUNNING, NEXT]);
  assert.equal(parts[".queue"].hidden, true);
});

test("the head counts, and a row that stands for several runs counts as these", () => {
  assert.equal(headOf([RUNNING, RUNNING, NEXT]), "Runs: 2 under way, 1 waiting");
  assert.equal(headOf([RUNNING, { ...NEXT, count: 27 }]), "Runs: 1 under way, 27 waiting");
});
