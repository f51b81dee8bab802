import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { publish } from "../../digitcanvas/app/bus.js";
import { describe as inWords } from "../../digitcanvas/app/parts/describe.js";
import chart, {
  fit,
  letReach,
  shapeOf,
  themed,
  updated,
} from "../../digitcanvas/app/parts/plot.js";

const theme = (name) => `<${name}>`;

describe("a themed figure", () => {
  test("has the page's background, font and lines", () => {
    const figure = { data: [], layout: { height: 200, xaxis: { title: "epoch" }, yaxis2: {} } };
    const { layout } = themed(figure, theme, false);
    const line = "<border-color>";
    assert.equal(layout.height, 200);
    assert.equal(layout.paper_bgcolor, "<background-color>");
    assert.equal(layout.plot_bgcolor, "<background-color>");
    assert.deepEqual(layout.font, { family: "<font>", color: "<text-color>", size: 13 });
    assert.deepEqual(layout.xaxis, { title: "epoch", gridcolor: line, zerolinecolor: line });
    assert.deepEqual(layout.yaxis2, { gridcolor: line, zerolinecolor: line });
  });

  test("keeps the colours that it brings for an axis", () => {
    const { layout } = themed({ data: [], layout: { xaxis: { gridcolor: "red" } } }, theme, false);
    assert.equal(layout.xaxis.gridcolor, "red");
  });

  test("has its colour scales start at the page's paper", () => {
    const scale = [
      [0, "#eee"],
      [1, "#f00"],
    ];
    const data = [{ type: "heatmap", colorscale: scale }, { type: "bar" }];
    const layout = { meta: { paper: "#eee" } };
    const [heatmap, bar] = themed({ data, layout }, theme, false).traces;
    assert.deepEqual(heatmap.colorscale, [
      [0, "<secondary-background-color>"],
      [1, "#f00"],
    ]);
    assert.deepEqual(bar, { type: "bar" });
    assert.equal(scale[0][1], "#eee"); // the figure itself stays as it was
  });

  test("moves, unless the visitor prefers calm", () => {
    const figure = { data: [], layout: { transition: { duration: 150, easing: "linear" } } };
    const transition = (calm) => themed(figure, theme, calm).layout.transition;
    assert.deepEqual(transition(false), { duration: 150, easing: "linear" });
    assert.deepEqual(transition(true), { duration: 0, easing: "linear" });
    assert.equal(themed({ data: [], layout: {} }, theme, true).layout.transition, undefined);
  });
});

describe("a figure in words", () => {
  const layout = { xaxis: { title: { text: "digit" } }, yaxis: { title: { text: "misread" } } };

  test("names its axes, and the values of a few bars or of many points by their range", () => {
    const bar = { type: "bar", name: "CNN", x: [0, 1], y: [2.5, 0] };
    assert.equal(inWords({ data: [bar], layout }), "Chart of misread by digit. CNN: 0: 2.5, 1: 0.");
    const line = { type: "scatter", x: [0, 1], y: [3, 1] };
    assert.equal(
      inWords({ data: [line], layout }),
      "Chart of misread by digit. 2 values from 1 to 3.",
    );
  });

  test("reads out what a few dots say at the pointer", () => {
    const text = ["0: 2 of 100 misread", "1: 0 of 100 misread"];
    const dots = { type: "scatter", mode: "markers", name: "CNN", x: [0, 1], y: [2, 0], text };
    assert.match(inWords({ data: [dots], layout }), /CNN: 0: 2 of 100 misread, 1: 0 of 100/);
  });
});

describe("a figure's size", () => {
  test("has a narrowest width, below which its frame scrolls", () => {
    const element = elementInFrame();
    fit({ layout: { meta: { aspect: 1.5, narrowest: 300, widest: 600 } } }, element);
    assert.deepEqual(element.style, { aspectRatio: 1.5, minWidth: "300px", maxWidth: "600px" });
    assert.equal(element.parentElement.style.overflowX, "auto");
  });

  test("is lifted for the next figure", () => {
    const element = elementInFrame();
    fit({ layout: { meta: { aspect: 1.5, narrowest: 300, widest: 600 } } }, element);
    fit({ layout: {} }, element);
    assert.deepEqual(element.style, { aspectRatio: "", minWidth: "", maxWidth: "" });
    assert.equal(element.parentElement.style.overflowX, "");
  });
});

describe("a figure's frame", () => {
  test("is reached by the Tab key while it scrolls", () => {
    const attributes = new Map();
    const frame = {
      clientWidth: 300,
      setAttribute: (name, value) => attributes.set(name, value),
      removeAttribute: (name) => attributes.delete(name),
    };
    letReach({ ...frame, scrollWidth: 301 });
    assert.equal(attributes.get("tabindex"), "0");
    letReach({ ...frame, scrollWidth: 300 });
    assert.equal(attributes.has("tabindex"), false);
  });
});

describe("a figure's shape", () => {
  const figure = {
    data: [{ type: "bar", name: "CNN", y: [1, 2] }],
    layout: { margin: { l: 0 }, legend: {}, height: 100, meta: { aspect: 1 } },
  };
  const shape = shapeOf(figure);

  test("stays when values or titles change", () => {
    const data = [{ type: "bar", name: "CNN", y: [3, 4] }];
    const layout = { ...figure.layout, title: "new" };
    assert.equal(shapeOf({ ...figure, data, layout }), shape);
  });

  test("changes with the traces, margins, legend or aspect", () => {
    const [trace] = figure.data;
    for (const other of [
      { data: [trace, trace] },
      { data: [{ ...trace, type: "scatter" }] },
      { data: [{ ...trace, name: "MLP" }] },
      { layout: { ...figure.layout, margin: { l: 40 } } },
      { layout: { ...figure.layout, legend: { x: 1 } } },
      { layout: { ...figure.layout, meta: { aspect: 2 } } },
    ])
      assert.notEqual(shapeOf({ ...figure, ...other }), shape);
  });
});

describe("a figure that follows a topic", () => {
  const figure = { data: [], layout: {} };
  const newer = { data: [1], layout: {} };
  const follower = { figure, version: ["run", 0.5] };

  test("is as the script made it until there is news", () => {
    assert.equal(updated(follower, undefined), figure);
  });

  test("gives way to newer ones of the same name", () => {
    assert.equal(updated(follower, { version: ["run", 0.5], figure: newer }), newer);
    assert.equal(updated(follower, { version: ["run", 0.4], figure: newer }), figure);
    assert.equal(updated(follower, { version: ["another", 0.9], figure: newer }), figure);
  });
});

/** As much of the page as a chart needs. Plotly's calls are noted. */
class Page {
  drawn = [];

  constructor() {
    const axis = { c2p: (x) => x };
    const draw = (how) => (element, traces) => {
      element.on = () => {};
      element._fullLayout = { xaxis: axis, yaxis: axis };
      element.data = structuredClone(traces);
      this.drawn.push([how, traces[0].y[7]]);
    };
    this.Plotly = {
      newPlot: draw("new"),
      react: draw("react"),
      purge: () => this.drawn.push(["purge"]),
    };
    this.element = {
      ...elementInFrame(),
      offsetHeight: 200,
      addEventListener: () => {},
      setAttribute: () => {},
      querySelectorAll: () => [{ querySelectorAll: () => this.paths }],
    };
    this.paths = Array.from({ length: 10 }, () => ({
      style: {},
      setAttribute: (_, path) => {
        this.moved = path;
      },
    }));
    this.parentElement = { querySelector: () => this.element };
  }

  /** How high the 7's bar stands in each of Plotly's drawings since the last time. */
  async drawings() {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setTimeout(resolve));
    return this.drawn.splice(0);
  }
}

Object.assign(globalThis, {
  getComputedStyle: () => ({ getPropertyValue: () => "" }),
  matchMedia: () => ({ matches: false }),
  requestAnimationFrame: (callback) => setTimeout(callback),
  ResizeObserver: class {
    observe() {}
  },
  document: {
    createElement: () => ({}),
    head: { append: (script) => setTimeout(() => script.onload()) },
  },
});

describe("a chart of bars", () => {
  const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const data = {
    name: "probabilities",
    follows: "bars",
    plotly: "plotly.js",
    figure: {
      data: [{ type: "bar", x: digits, y: digits.map(() => 0), marker: { color: "grey" } }],
      layout: {
        bargap: 0.2,
        xaxis: {},
        yaxis: {},
        meta: { bars: { standsOut: "red", plain: "grey" } },
      },
    },
  };
  const bars = (height, isFinal) =>
    publish("bars", {
      heights: [digits.map((digit) => (digit === 7 ? height : 0))],
      top: 7,
      rejected: false,
      isFinal,
    });
  const plotly = {};
  let page;
  let cleanUp;

  beforeEach(() => {
    page = new Page();
    Object.assign(plotly, page.Plotly);
    globalThis.window = { Plotly: plotly };
    publish("bars", { heights: [], top: null, rejected: false, isFinal: true });
    cleanUp = chart({ data, parentElement: page.parentElement });
  });
  afterEach(() => cleanUp());

  test("is drawn once, as the page has it by then", async () => {
    bars(50, true);
    bars(60, true);
    assert.deepEqual(await page.drawings(), [["new", 60]]);
  });

  test("is drawn by Plotly first, though the pen is down already", async () => {
    bars(30, false);
    bars(40, false);
    assert.deepEqual(await page.drawings(), [["new", 40]]);
  });

  test("moves while the pen is down without Plotly, which draws it when it is up", async () => {
    await page.drawings();
    bars(30, false);
    assert.match(page.moved, /V0H/); // of the last digit, a 9
    bars(40, false);
    assert.deepEqual(await page.drawings(), []);
    assert.equal(page.element.data[0].y[7], 40);
    bars(40, true);
    assert.deepEqual(await page.drawings(), [["react", 40]]);
    bars(40, true);
    assert.deepEqual(await page.drawings(), [], "nothing is drawn twice");
  });

  test("is drawn again after it has moved, even if it ends as it began", async () => {
    bars(40, true);
    await page.drawings();
    bars(90, false);
    bars(40, true);
    assert.deepEqual(await page.drawings(), [["react", 40]]);
  });

  test("keeps its bars when the script runs again", async () => {
    bars(40, true);
    await page.drawings();
    const next = chart({ data, parentElement: page.parentElement });
    cleanUp();
    assert.deepEqual(await page.drawings(), []);
    bars(50, true);
    assert.deepEqual(await page.drawings(), [["react", 50]]);
    next();
    assert.deepEqual(await page.drawings(), [["purge"]]);
  });

  test("follows nothing once it is gone", async () => {
    await page.drawings();
    cleanUp();
    bars(50, true);
    bars(50, false);
    assert.deepEqual(await page.drawings(), [["purge"]]);
    assert.equal(page.moved, undefined);
    let looks = 0;
    publish("bars", {
      get isFinal() {
        looks += 1;
        return true;
      },
    });
    assert.equal(looks, 0);
  });
});

function elementInFrame() {
  return { style: {}, parentElement: { style: {} } };
}
