import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { follow, publish } from "../../digitcanvas/app/bus.js";
import answerComponent, { barsOf, wordsOf } from "../../digitcanvas/app/parts/answer.js";
import logitsComponent from "../../digitcanvas/app/parts/logits.js";

const INVITATION = "Draw a digit.";
const REFUSAL = "This does not look like a digit to me (nearest: 3).";

/** As much of an element of the page as the components use. */
class Element {
  children = [];
  className = "";
  text = "";
  hidden = false;
  dataset = {};
  attributes = {};
  properties = {};
  classes = new Set();
  changes = 0; // of its text: a screen reader may read each
  style = { setProperty: (name, value) => this.set(name, value) };
  classList = {
    toggle: (name, isOn) => (isOn ? this.classes.add(name) : this.classes.delete(name)),
  };

  constructor(parts = {}) {
    this.parts = parts;
  }

  get textContent() {
    return this.text;
  }

  set textContent(text) {
    this.text = text;
    this.changes += 1;
  }

  get childElementCount() {
    return this.children.length;
  }

  get lastElementChild() {
    return this.children.at(-1);
  }

  querySelector(selector) {
    return this.parts[selector];
  }

  set(name, value) {
    this.properties[name] = value;
  }

  append(...children) {
    this.children.push(...children);
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  appendChild(child) {
    this.children.push(child);
    child.remove = () => this.children.splice(this.children.indexOf(child), 1);
    return child;
  }

  replaceChildren(...children) {
    this.children = children;
  }

  /** Its lines: their classes and their texts. */
  get lines() {
    return this.children.map(({ className, text }) => [className, text]);
  }
}

globalThis.document = { createElement: () => new Element() };

const certain = { label: "CNN", digit: 7, certainty: "99.1 %", rejected: false };
const doubtful = { ...certain, digit: 3, rejected: true };
const percent = Array.from({ length: 10 }, (_, digit) => digit);
const atRest = { isFinal: true, isAtRest: true };
const drawn = { ...atRest, trail: [] };

let slots;
let box;
let parent;

function page() {
  slots = Object.fromEntries(
    ["prediction", "comparison", "trail", "digits"].map((name) => [name, new Element()]),
  );
  slots.model_view = new Element({ img: new Element() });
  box = new Element(
    Object.fromEntries(Object.entries(slots).map(([name, slot]) => [`.st-key-${name}`, slot])),
  );
  parent = new Element({ ".answer": box });
}

const cleanUps = [];
function show(reply = null, invitation = INVITATION) {
  const cleanUp = answerComponent({ data: { invitation, reply }, parentElement: parent });
  cleanUps.push(cleanUp);
  return cleanUp;
}

let shown = {};
follow("bars", (bars) => {
  shown.bars = bars;
});
follow("shown", (answer) => {
  shown.shown = answer;
});

beforeEach(() => {
  shown = {};
  page();
});
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

test("a picture's answer does not stay, though there has been no drawing yet", () => {
  show({ answers: [certain] });
  assert.deepEqual(slots.prediction.lines[0], ["digit", "7"]);
  show();
  assert.deepEqual(slots.prediction.lines, [["invitation", INVITATION]]);
});

describe("the words of an answer", () => {
  test("are the digit and how sure the network is", () => {
    for (const at of [
      atRest,
      { isFinal: false, isAtRest: false },
      { isFinal: true, isAtRest: false },
    ]) {
      assert.deepEqual(wordsOf(certain, at), [
        ["digit", "7"],
        ["sure", "99.1 % sure"],
      ]);
    }
  });

  test("say that a drawing is none once the pen is at rest, and not before", () => {
    assert.deepEqual(wordsOf(doubtful, atRest), [["rejection", REFUSAL]]);
    for (const at of [
      { isFinal: false, isAtRest: true },
      { isFinal: true, isAtRest: false },
    ]) {
      assert.deepEqual(wordsOf(doubtful, at), [
        ["digit pale", "3"],
        ["sure", "not sure yet"],
      ]);
    }
  });

  test("name the network where two are compared", () => {
    for (const [answer, at] of [
      [certain, atRest],
      [doubtful, atRest],
      [doubtful, { isFinal: false, isAtRest: true }],
    ]) {
      assert.deepEqual(wordsOf(answer, at, true).at(-1), ["label", "CNN"]);
      assert.ok(!wordsOf(answer, at, false).flat().includes("label"));
    }
  });
});

describe("the bars of an answer", () => {
  const answer = { ...certain, percent };

  test("are its percentages, and the digit's stands out", () => {
    assert.deepEqual(barsOf([answer], atRest), {
      heights: [percent],
      top: 7,
      rejected: false,
      isFinal: true,
    });
    assert.equal(barsOf([answer], { isFinal: false, isAtRest: true }).isFinal, false);
  });

  test("stand out for no digit if it is none, once the pen is at rest", () => {
    const none = { ...answer, rejected: true };
    const { top, rejected } = barsOf([none], atRest);
    assert.deepEqual([top, rejected], [null, true]);
    for (const at of [
      { isFinal: false, isAtRest: true },
      { isFinal: true, isAtRest: false },
    ]) {
      const { top, rejected } = barsOf([none], at);
      assert.deepEqual([top, rejected], [7, false]);
    }
  });

  test("are two rows for two networks, and none stands out", () => {
    const { heights, top, rejected } = barsOf([{ ...answer, rejected: true }, answer], atRest);
    assert.deepEqual([heights, top, rejected], [[percent, percent], null, false]);
  });

  test("are none where there is no answer", () => {
    const { heights, top, rejected } = barsOf([], atRest);
    assert.deepEqual([heights, top, rejected], [[], null, false]);
  });
});

describe("the page's answer", () => {
  const first = { ...certain, percent };
  const second = { ...doubtful, label: "MLP", percent };

  test("is the invitation before there is a drawing", () => {
    show();
    assert.deepEqual(slots.prediction.lines, [["invitation", INVITATION]]);
    assert.ok(slots.comparison.hidden && slots.model_view.hidden);
    assert.deepEqual(shown.bars.heights, []);
  });

  test("follows the drawing", () => {
    show();
    publish("answer", { ...drawn, answers: [first], view: "iVBOR", trail: [1, 7] });
    assert.deepEqual(slots.prediction.lines, [
      ["digit", "7"],
      ["sure", "99.1 % sure"],
    ]);
    const { img } = slots.model_view.parts;
    assert.equal(img.src, "data:image/png;base64,iVBOR");
    assert.ok(!slots.model_view.hidden);
    assert.deepEqual(slots.trail.lines, [["", "1 … 7"]]);
    assert.deepEqual(shown.bars, barsOf([first], atRest));
    publish("answer", { ...drawn, answers: [], trail: [7] });
    assert.deepEqual(slots.prediction.lines, [["invitation", INVITATION]]);
    assert.ok(slots.model_view.hidden);
    assert.equal(slots.trail.lines[0]?.[1] ?? "", "", "a single digit is no trail");
  });

  test("is of two networks where they are compared, and of one again", () => {
    show();
    publish("answer", { ...drawn, answers: [first, second] });
    assert.deepEqual(slots.prediction.lines.at(-1), ["label", "CNN"]);
    assert.deepEqual(slots.comparison.lines, [
      ["rejection", REFUSAL],
      ["label", "MLP"],
    ]);
    assert.ok(box.classes.has("compared") && !slots.comparison.hidden);
    publish("answer", { ...drawn, answers: [first] });
    assert.deepEqual(slots.prediction.lines.length, 2);
    assert.ok(slots.comparison.hidden && !box.classes.has("compared"));
  });

  test("is an error in words, without an old answer beside it", () => {
    show();
    publish("answer", { ...drawn, answers: [first, second], view: "iVBOR" });
    publish("answer", { ...drawn, error: "Too long." });
    assert.deepEqual(slots.prediction.lines, [["error", "Too long."]]);
    assert.ok(slots.comparison.hidden && slots.model_view.hidden);
    assert.deepEqual(shown.bars.heights, []);
  });

  test("says why the page is late", () => {
    show();
    publish("answer", { ...drawn, answers: [first], trail: [1, 7] });
    publish("crowded", true);
    assert.deepEqual(slots.trail.lines, [["", "Many people are drawing: one moment."]]);
    assert.deepEqual(slots.prediction.lines[0], ["digit", "7"]);
    publish("crowded", false);
    assert.deepEqual(slots.trail.lines, [["", "1 … 7"]]);
  });

  test("is read out when it is final, and only if its words are others", () => {
    show();
    const say = (isFinal) => publish("answer", { ...drawn, isFinal, answers: [first] });
    say(false);
    assert.equal(slots.prediction.attributes["aria-busy"], "true");
    assert.ok(slots.prediction.classes.has("pen-down"));
    const [line] = slots.prediction.children;
    const { changes } = line;
    say(true);
    say(true);
    assert.equal(slots.prediction.attributes["aria-busy"], "false");
    assert.ok(slots.prediction.classes.has("pen-up") && !slots.prediction.classes.has("pen-down"));
    assert.deepEqual([slots.prediction.children[0], line.changes], [line, changes]);
  });

  test("is that of a picture where the script gives one, whatever is drawn", () => {
    show({ answers: [second], view: "PICTURE" }, "Upload one.");
    publish("answer", { ...drawn, answers: [first] });
    assert.deepEqual(slots.prediction.lines, [["rejection", REFUSAL]]);
    assert.deepEqual(shown.bars, barsOf([second], atRest));
    show({ error: "This is not a picture." }, "Upload one.");
    assert.deepEqual(slots.prediction.lines, [["error", "This is not a picture."]]);
    show({ answers: [] }, "Upload one.");
    assert.deepEqual(slots.prediction.lines, [["invitation", "Upload one."]]);
  });

  test("is the drawing's again after a picture's", () => {
    publish("answer", { ...drawn, answers: [first] });
    show({ answers: [second] });
    show();
    assert.deepEqual(slots.prediction.lines[0], ["digit", "7"]);
    publish("answer", { ...drawn, answers: [] });
    assert.deepEqual(slots.prediction.lines, [["invitation", INVITATION]]);
  });

  test("is gone with its place on the page, and no sooner", () => {
    const [early, late] = [show(), show()];
    early();
    publish("answer", { ...drawn, answers: [first] });
    assert.deepEqual(slots.prediction.lines[0], ["digit", "7"]);
    late();
    publish("answer", { ...drawn, answers: [] });
    assert.deepEqual(slots.prediction.lines[0], ["digit", "7"], "nobody sees it any more");
    show();
    assert.deepEqual(slots.prediction.lines, [["invitation", INVITATION]]);
  });
});

describe("a number's answer", () => {
  const digitOf = (digit, stroke, fields = {}) => ({
    answers: [{ ...certain, digit, percent: percent.toSpliced(digit, 1, 90), ...fields }],
    view: `VIEW${digit}`,
    pieces: [[stroke, 0, 9]],
  });
  const whole = { label: "CNN", text: "20 6", certainty: "91.0 %", rejected: false };
  const number = {
    ...drawn,
    version: 1,
    answers: [whole],
    digits: [digitOf(2, 0), digitOf(0, 2, { certainty: "over 99.9 %" }), digitOf(6, 1)],
    doubtful: 2,
  };
  const pressed = () =>
    slots.digits.children.map(({ attributes }) => attributes["aria-pressed"]).indexOf("true");
  const rows = () =>
    slots.digits.children.map(({ children }) => children.map(({ text }) => text).join(" "));

  test("is its text and how sure, and below it each digit", () => {
    show();
    publish("answer", number);
    assert.deepEqual(slots.prediction.lines, [
      ["digit", "20 6"],
      ["sure", "91.0 % sure"],
    ]);
    assert.ok(!slots.digits.hidden && box.classes.has("several"));
    assert.deepEqual(rows(), ["2 99.1 %", "0 >99.9 %", "6 99.1 %"]);
    const { attributes } = slots.digits.children[1];
    assert.equal(attributes["aria-label"], "0, over 99.9 % sure, digit 2 of 3");
    assert.equal(box.properties["--letters"], 4);
    publish("answer", { ...drawn, answers: [certain] });
    assert.ok(slots.digits.hidden && !box.classes.has("several"));
  });

  test("shows the doubtful digit first, then the one that is pressed", () => {
    show();
    publish("answer", number);
    assert.equal(pressed(), 2);
    assert.equal(shown.bars.top, 6);
    assert.equal(slots.model_view.parts.img.src, "data:image/png;base64,VIEW6");
    slots.digits.children[0].onclick();
    assert.equal(pressed(), 0);
    assert.equal(shown.bars.top, 2);
    assert.deepEqual(shown.shown.answers, number.digits[0].answers);
    assert.equal(shown.shown.chosen, 0);
    publish("answer", { ...number, doubtful: 1 });
    assert.equal(pressed(), 0, "the same drawing, read anew");
    publish("answer", { ...number, version: 2 });
    assert.equal(pressed(), 2, "another drawing");
    show({ ...number, version: undefined, picture: "a" });
    slots.digits.children[0].onclick();
    show({ ...number, version: undefined, picture: "b" });
    assert.equal(pressed(), 2, "another picture");
  });

  test("shows the digit that the pen is writing while it is down", () => {
    show();
    publish("answer", { ...number, isFinal: false, isAtRest: false });
    assert.equal(pressed(), 1);
  });

  test("keeps to the digit that something is told of", () => {
    show();
    publish("answer", number);
    publish("telling", { told: 5, place: 0 });
    publish("answer", { ...number, doubtful: 1 });
    assert.equal(pressed(), 0);
    publish("telling", null);
  });

  test("says what is not a digit once the pen is at rest", () => {
    show();
    const rejected = { ...number, answers: [{ ...whole, rejected: true }], doubtful: 1 };
    rejected.digits = [digitOf(2, 0), digitOf(0, 1, { rejected: true })];
    publish("answer", { ...rejected, isAtRest: false });
    assert.deepEqual(slots.prediction.lines[1], ["sure", "not sure yet"]);
    publish("answer", rejected);
    assert.deepEqual(slots.prediction.lines[1], ["sure", "not all of it is digits"]);
    assert.deepEqual(rows(), ["2 99.1 %", "0 no digit?"]);
    assert.equal(shown.bars.rejected, true);
  });

  test("names the signs that are not read, of one digit too", () => {
    show();
    const signs = ["a minus sign or a dash", "a point", "a point"];
    const words = "Not read, as it is not a digit: a minus sign or a dash; a point.";
    for (const answer of [number, { ...drawn, answers: [certain] }]) {
      publish("answer", { ...answer, trail: [7, 20], signs });
      assert.deepEqual(slots.trail.lines, [["", words]]);
      assert.ok(box.classes.has("noted"));
    }
    publish("answer", number);
    assert.ok(!box.classes.has("noted"));
  });
});

describe("the table of logits", () => {
  const logits = percent.map((number) => -number / 2);
  const table = new Element();
  const place = new Element({ ".logits": table });
  const rows = () => table.children.map((row) => row.children.map(({ text }) => text));

  test("is of the first network's answer, a drawing's or a picture's", () => {
    const stop = logitsComponent({ parentElement: place });
    show();
    publish("answer", { ...drawn, answers: [{ ...certain, percent, logits }, certain] });
    assert.equal(rows().length, 11);
    assert.deepEqual(rows()[0], ["digit", "logit of CNN", "probability"]);
    assert.deepEqual(rows()[4], ["3", "-1.50", "3.00 %"]);
    show({ answers: [{ ...certain, label: "MLP", percent, logits }] });
    assert.equal(rows()[0][1], "logit of MLP");
    show({ error: "This is not a picture." });
    assert.deepEqual(rows(), []);
    stop();
    publish("answer", { ...drawn, answers: [{ ...certain, percent, logits }] });
    show();
    assert.deepEqual(rows(), []);
  });

  test("is empty until an answer has logits", () => {
    publish("answer", { ...drawn, answers: [] });
    show();
    const stop = logitsComponent({ parentElement: place });
    publish("answer", { ...drawn, answers: [{ ...certain, percent }] });
    assert.deepEqual(rows(), []);
    publish("answer", { ...drawn, answers: [{ ...certain, percent, logits }] });
    assert.equal(rows().length, 11);
    publish("answer", { ...drawn, error: "Too long." });
    assert.deepEqual(rows(), []);
    stop();
  });
});
