import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

globalThis.sessionStorage = { getItem: () => null, setItem: () => {} };

const { publish } = await import("../../digitcanvas/app/bus.js");
const { live } = await import("../../digitcanvas/app/tab.js");
const {
  Wall,
  wordsOf,
  figuresOf,
  gameOf,
  default: show,
} = await import("../../digitcanvas/app/parts/wall.js");

const CODE = "BCDFG";
const NOBODY = { drawings: 0, told: 0, right: 0, hardest: null };

const tile = (id, fields = {}) => ({
  id,
  path: `M${id} 0L1 1`,
  pen: 16,
  said: 7,
  sure: 99,
  told: null,
  name: "",
  ...fields,
});
const heard = (fields = {}) => ({
  code: CODE,
  error: "",
  isOpen: true,
  people: 0,
  counts: NOBODY,
  afresh: false,
  tiles: [],
  gone: [],
  game: null,
  ...fields,
});
const ids = (wall) => wall.newest.map(({ id }) => id);

describe("a wall", () => {
  let wall;
  beforeEach(() => {
    wall = new Wall(CODE);
    wall.hear(heard({ afresh: true, tiles: [tile(1), tile(3)] }));
  });

  test("has the newest drawings first", () => {
    wall.hear(heard({ tiles: [tile(2), tile(5)] }));
    assert.deepEqual(ids(wall), [5, 3, 2, 1]);
  });

  test("changes what has changed, and drops what was hidden", () => {
    wall.hear(heard({ tiles: [tile(1, { told: 1 })], gone: [3, 99] }));
    assert.deepEqual(ids(wall), [1]);
    assert.equal(wall.newest[0].told, 1);
  });

  test("begins afresh when the room was emptied", () => {
    wall.hear(heard({ afresh: true, tiles: [tile(8)] }));
    assert.deepEqual(ids(wall), [8]);
  });

  test("takes nothing of another room", () => {
    assert.equal(wall.hear(heard({ code: "XXXXX", afresh: true })), false);
    assert.equal(wall.hear(null), false);
    assert.deepEqual(ids(wall), [3, 1]);
  });
});

test("a tile tells how it was read, and whether that is right once it is known", () => {
  assert.deepEqual(wordsOf(tile(1)), { said: "7", told: "", outcome: "" });
  assert.deepEqual(wordsOf(tile(1, { told: 7 })), { said: "7", told: "✓ right", outcome: "right" });
  const wrong = wordsOf(tile(1, { said: 10, told: 1 }));
  assert.deepEqual(wrong, { said: "no digit", told: "✗ it is 1", outcome: "wrong" });
  assert.equal(wordsOf(tile(1, { told: 10 })).told, "✗ it is no digit");
  assert.equal(wordsOf(tile(1, { said: 10, told: 10 })).outcome, "right");
  assert.deepEqual(wordsOf(tile(1, { said: null, told: 3 })), { said: "", told: "", outcome: "" });
});

test("the figures leave out what there is not", () => {
  const few = figuresOf({ counts: NOBODY, people: 2 });
  assert.deepEqual(few, [
    ["drawings", "0"],
    ["people drawing", "2"],
  ]);
  const counts = { drawings: 9, told: 5, right: 4, hardest: 0 };
  assert.deepEqual(figuresOf({ counts, people: 0 }).slice(2), [
    ["read right, of those told", "4 of 5"],
    ["the hardest digit", "0"],
  ]);
  assert.equal(figuresOf({ counts: {}, people: 0 }).length, 2, "before it was looked at");
});

test("the game tells the digit that is asked until it is over", () => {
  const game = { isOver: false, asked: 0, now: [2, 1], read: 20, fooled: 4, best: [] };
  assert.deepEqual(gameOf(game), {
    asking: "Draw",
    asked: "0",
    now: "2 read, 1 fooled it",
    all: "In all: 20 read, 4 fooled it",
  });
  const over = gameOf({ ...game, isOver: true });
  assert.deepEqual([over.asking, over.asked, over.now], ["The game is over", "", ""]);
});

/** As much of a document as the wall needs. */
class Element {
  children = [];
  attributes = {};
  dataset = {};
  textContent = "";
  hidden = false;
  classes = new Set();
  classList = {
    toggle: (name, isOn) => (isOn ? this.classes.add(name) : this.classes.delete(name)),
  };

  constructor(name) {
    this.name = name;
  }

  set innerHTML(html) {
    const names = { button: ["button", [".said", ".told", ".name"]], dt: ["dt", []] };
    if (html.startsWith("<dt>")) this.append(new Element("dt"), new Element("dd"));
    else {
      const [name, inner] = names.button;
      const button = new Element(name);
      button.append(...inner.map((slot) => new Element(slot)));
      this.append(button);
    }
  }

  append(...elements) {
    for (const element of elements) this.insertBefore(element, null);
  }

  appendChild(element) {
    this.append(element);
    return element;
  }

  prepend(element) {
    this.insertBefore(element, this.firstElementChild);
  }

  insertBefore(element, next) {
    element.remove();
    const at = next ? this.children.indexOf(next) : this.children.length;
    this.children.splice(at, 0, element);
    element.parent = this;
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this);
    this.parent = null;
  }

  replaceChildren(...elements) {
    for (const element of [...this.children]) element.remove();
    this.append(...elements);
  }

  get childElementCount() {
    return this.children.length;
  }

  get firstElementChild() {
    return this.children[0] ?? null;
  }

  get lastElementChild() {
    return this.children.at(-1) ?? null;
  }

  get nextElementSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  querySelector(wanted) {
    for (const child of this.children) {
      if (child.name === wanted) return child;
      const found = child.querySelector(wanted);
      if (found) return found;
    }
    return null;
  }
}

describe("the page's wall", () => {
  let slots;
  let hidden;
  let stop;
  let sent;

  const start = (fields = {}) => {
    const element = new Element(".wall");
    const names = [".problem", ".game", ".asking span", ".asking strong", ".left", ".now"];
    for (const name of [...names, ".all", ".best", ".figures", ".invitation", ".tiles"]) {
      element.append(new Element(name));
    }
    slots = (name) => element.querySelector(name);
    slots(".best").tBodies = [new Element("tbody")];
    hidden = [];
    const component = {
      data: { live: "live", code: CODE, isLeader: false, ...fields },
      parentElement: { querySelector: () => element },
      setTriggerValue: (name, id) => hidden.push([name, id]),
    };
    return show(component);
  };
  const tiles = () => slots(".tiles").children;
  const words = () => tiles().map((one) => one.querySelector(".said").textContent);

  beforeEach((context) => {
    sent = [];
    globalThis.document = {
      baseURI: "http://localhost/wall",
      createElement: (name) => new Element(name),
      createElementNS: (_, name) => new Element(name),
    };
    globalThis.WebSocket = class {
      static OPEN = 1;
      readyState = 1;
      send = (text) => sent.push(JSON.parse(text));
      close() {}
    };
    context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    Object.assign(live, { socket: null, watching: null });
  });

  test("asks for the wall, and for none when it is left", () => {
    stop = start();
    assert.deepEqual(sent.at(-1), { watch: CODE });
    sent = [];
    live.socket.onopen();
    assert.deepEqual(sent[0], { watch: CODE }, "again by each new socket");
    stop();
    assert.deepEqual(sent.at(-1), { watch: null });
  });

  test("shows drawings as they come, each in the same element", () => {
    stop = start();
    publish("wall", heard({ afresh: true, tiles: [tile(1), tile(2, { said: 3 })] }));
    assert.deepEqual(words(), ["3", "7"]);
    const [, oldest] = tiles();
    publish("wall", heard({ tiles: [tile(3, { said: 10 }), tile(1, { said: 1 })] }));
    assert.deepEqual(words(), ["no digit", "3", "1"]);
    assert.equal(tiles()[2], oldest);
    publish("wall", heard({ gone: [2] }));
    assert.deepEqual(words(), ["no digit", "1"]);
    assert.equal(oldest.querySelector("path").attributes.d, "M1 0L1 1");
    stop();
    publish("wall", heard({ afresh: true }));
    assert.deepEqual(words(), ["no digit", "1"], "nothing once it is left");
  });

  test("lets the leader alone hide a drawing", () => {
    for (const isLeader of [true, false]) {
      stop = start({ isLeader });
      publish("wall", heard({ afresh: true, tiles: [tile(4)] }));
      const button = tiles()[0].firstElementChild;
      assert.equal(button.disabled, !isLeader);
      if (isLeader) button.onclick();
      stop();
    }
    stop = start({ isLeader: true });
    publish("wall", heard({ afresh: true, tiles: [tile(4)] }));
    tiles()[0].firstElementChild.onclick();
    assert.deepEqual(hidden, [["hide", 4]]);
    stop();
  });

  test("puts names as text, never as HTML", () => {
    stop = start();
    const name = "<img src=x onerror=alert(1)>";
    const game = { isOver: false, asked: 3, now: [0, 0], read: 0, fooled: 0, left: 100 };
    const best = [[name, 1, 0]];
    publish("wall", heard({ afresh: true, tiles: [tile(1, { name })], game: { ...game, best } }));
    assert.equal(tiles()[0].querySelector(".name").textContent, name);
    const [row] = slots(".best").tBodies[0].children;
    assert.deepEqual(
      row.children.map(({ textContent }) => textContent),
      [1, name, 1, 0],
    );
    stop();
  });

  test("lets the game's clock run between two messages", (context) => {
    stop = start();
    const game = { isOver: false, asked: 3, now: [0, 0], read: 0, fooled: 0, best: [] };
    publish("wall", heard({ game: { ...game, left: 100 } }));
    assert.equal(slots(".left").textContent, "100 s left");
    context.mock.timers.tick(3000);
    assert.equal(slots(".left").textContent, "97 s left");
    publish("wall", heard({ game: { ...game, isOver: true, left: 0 } }));
    assert.equal(slots(".left").textContent, "");
    publish("wall", heard());
    assert.equal(slots(".game").hidden, true);
    stop();
  });

  test("says so when the server does not send it", (context) => {
    publish("wall", null);
    stop = start();
    context.mock.timers.tick(6000);
    assert.match(slots(".problem").textContent, /reload/);
    publish("wall", heard({ error: "There is no room 'XXXXX'." }));
    assert.match(slots(".problem").textContent, /no room/);
    stop();
  });

  test("stays when its successor has come before it goes", () => {
    const first = start();
    stop = start();
    first();
    assert.deepEqual(sent.at(-1), { watch: CODE });
    stop();
  });
});
