import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { publish } from "../../digitcanvas/app/bus.js";

// What a browser has, as far as the module touches it.
const listeners = {};
const listen = (event, callback) => {
  listeners[event] = callback;
};
const app = { dataset: { testScriptState: "notRunning" } };
const opened = [];

globalThis.sessionStorage = { getItem: () => null, setItem() {} };
globalThis.addEventListener = listen;
globalThis.document = {
  baseURI: "http://localhost/",
  hidden: false,
  querySelector: () => app,
  addEventListener: listen,
};
globalThis.WebSocket = class {
  constructor(url) {
    opened.push(url.href);
  }
};

mock.timers.enable({ apis: ["setTimeout", "Date"] });
const { live } = await import("../../digitcanvas/app/tab.js");
const { default: show } = await import("../../digitcanvas/app/parts/follower.js");
/** In steps: a timer that another sets counts from the end of a step. */
function tick(ms) {
  for (let left = ms; left > 0; left -= 10) mock.timers.tick(Math.min(10, left));
}

let versions = 1;
let shown = [];

/** A fragment that has just run, and its reruns; it runs again only when `answer` is called. */
function fragment(kinds, { atOnce = false } = {}) {
  const parentElement = {};
  const reruns = [];
  const run = () => {
    const known = Object.fromEntries(kinds.map((kind) => [kind, versions]));
    const component = {
      data: { live: "live", known, atOnce },
      parentElement,
      setTriggerValue: (name, value) => reruns.push([name, value]),
    };
    return show(component);
  };
  const part = { reruns, answer: run, end: run() };
  shown.push(part);
  return part;
}

/** News of these kinds reaches the tab. */
function bring(kinds, spread = 0) {
  versions += 1;
  const changed = Object.fromEntries(kinds.map((kind) => [kind, versions]));
  publish("news", { ...bring.last, ...changed, spread });
  bring.last = { ...bring.last, ...changed };
}
bring.last = { run: 0, models: 0 };

beforeEach(() => {
  for (const part of shown) part.end();
  shown = [];
  tick(20_000);
  app.dataset.testScriptState = "notRunning";
  document.hidden = false;
  live.blocked = false;
});

test("a fragment reruns once for news of a kind that it shows, and not for others", () => {
  const part = fragment(["run"]);
  bring(["models"]);
  tick(10_000);
  assert.deepEqual(part.reruns, []);
  bring(["run"]);
  tick(10_000);
  assert.deepEqual(part.reruns, [["news", true]]);
});

test("a fragment that has run since the news is not rerun for it", () => {
  const part = fragment(["run"]);
  bring(["run"], 1000);
  part.end = part.answer();
  tick(10_000);
  assert.deepEqual(part.reruns, []);
  const later = fragment(["run"]);
  tick(10_000);
  assert.deepEqual(later.reruns, []);
});

test("a fragment that ran before news that the tab has already is rerun", () => {
  bring(["run"]);
  versions -= 1;
  const part = fragment(["run"]);
  versions += 1;
  tick(100);
  assert.equal(part.reruns.length, 1);
});

test("tabs take turns at random within the spread, but who waits for the news goes first", () => {
  const random = mock.method(Math, "random", () => 0.5);
  const part = fragment(["run"]);
  bring(["run"], 6000);
  tick(2999);
  assert.equal(part.reruns.length, 0);
  tick(100);
  assert.equal(part.reruns.length, 1);
  part.end();
  const waiting = fragment(["run"], { atOnce: true });
  bring(["run"], 6000);
  tick(100);
  assert.equal(waiting.reruns.length, 1);
  random.mock.restore();
});

test("fragments rerun one after the other, while nothing else runs", () => {
  const parts = [fragment(["run"]), fragment(["run"])];
  const counts = () => parts.map(({ reruns }) => reruns.length);
  const pass = (state, ms) => {
    app.dataset.testScriptState = state;
    tick(ms);
  };
  pass("running", 0);
  bring(["run"]);
  pass("running", 2000);
  pass("notRunning", 50); // as between two runs, where one brings about the other
  pass("running", 2000);
  assert.deepEqual(counts(), [0, 0]);
  pass("notRunning", 100);
  assert.deepEqual(counts(), [1, 0]);
  pass("running", 2000);
  parts[0].end = parts[0].answer();
  pass("notRunning", 100);
  assert.deepEqual(counts(), [1, 1]);
});

test("a fragment does not rerun while the page is being used", () => {
  const part = fragment(["run"]);
  bring(["run"]);
  for (let strokes = 0; strokes < 10; strokes += 1) {
    listeners.pointerdown();
    tick(400);
  }
  assert.equal(part.reruns.length, 0);
  tick(400);
  assert.equal(part.reruns.length, 1);
});

test("a hidden tab waits until it is looked at", () => {
  const part = fragment(["run"]);
  document.hidden = true;
  bring(["run"]);
  listeners.visibilitychange();
  tick(10_000);
  assert.equal(part.reruns.length, 0);
  document.hidden = false;
  listeners.visibilitychange();
  tick(1000);
  assert.equal(part.reruns.length, 1);
});

test("a fragment whose rerun was lost is rerun when the page is used, but not by the clock", () => {
  const part = fragment(["run"]);
  bring(["run"]);
  tick(20_000);
  assert.equal(part.reruns.length, 1);
  listeners.pointerdown();
  tick(1000);
  assert.equal(part.reruns.length, 2);
  listeners.keydown();
  tick(1000);
  assert.equal(part.reruns.length, 2); // it was just asked
  part.end = part.answer();
  tick(20_000);
  listeners.keydown();
  tick(1000);
  assert.equal(part.reruns.length, 2); // it has come
});

test("without a socket a fragment reruns when the page is used, and not too often", () => {
  const part = fragment(["run"]);
  live.blocked = true;
  tick(20_000);
  assert.equal(part.reruns.length, 0);
  for (const expected of [1, 1]) {
    listeners.pointerdown();
    tick(1000);
    assert.equal(part.reruns.length, expected);
  }
  part.end = part.answer();
  tick(6000);
  listeners.keydown();
  tick(1000);
  assert.equal(part.reruns.length, 2);
});

test("with a socket use of the page reruns nothing", () => {
  const part = fragment(["run"]);
  tick(20_000);
  listeners.pointerdown();
  tick(10_000);
  assert.equal(part.reruns.length, 0);
});

test("a socket that was closed for want of use is opened again by use of a hidden page", () => {
  fragment(["run"]);
  document.hidden = true;
  live.socket.onclose({ code: 4000 });
  document.hidden = false;
  const before = opened.length;
  listeners.pointerdown();
  assert.equal(opened.length, before + 1);
  assert.equal(opened.at(-1), "ws://localhost/live");
});

test("a socket that was closed for want of use is opened again while the page is looked at", () => {
  fragment(["run"]);
  const before = opened.length;
  live.socket.onclose({ code: 4000 });
  assert.equal(opened.length, before + 1);
});

test("a fragment that is gone is not rerun", () => {
  const part = fragment(["run"]);
  part.end();
  bring(["run"]);
  tick(10_000);
  assert.equal(part.reruns.length, 0);
});

test("an old call of a fragment that has run again is cleaned up without harm", () => {
  const part = fragment(["run"]);
  const first = part.end;
  part.end = part.answer();
  first();
  bring(["run"]);
  tick(10_000);
  assert.equal(part.reruns.length, 1);
});
