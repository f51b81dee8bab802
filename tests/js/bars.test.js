import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { moveBars, withBars } from "../../digitcanvas/app/parts/bars.js";

const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const nothing = digits.map(() => 0);
const heights = digits.map((digit) => digit * 2);

function figureOf(rows, bars) {
  const data = Array.from({ length: rows }, (_, row) => ({
    type: "bar",
    name: `network ${row}`,
    x: digits,
    y: nothing,
    marker: { color: `colour ${row}` },
  }));
  const yaxis = { title: { text: "probability" }, range: [0, 100] };
  return { data, layout: { yaxis, bargap: 0.2, meta: { bars } } };
}

const alone = figureOf(1, { standsOut: "red", plain: "grey", rejectedTitle: "if it were a digit" });
const two = figureOf(2, {});

describe("a figure of bars", () => {
  test("has the heights of the answer, and the digit's bar stands out", () => {
    const { data, layout } = withBars(alone, { heights: [heights], top: 3, rejected: false });
    assert.deepEqual(data[0].y, heights);
    const colours = digits.map((digit) => (digit === 3 ? "red" : "grey"));
    assert.deepEqual(data[0].marker.color, colours);
    assert.equal(layout, alone.layout);
  });

  test("says that it is of no digit, and none stands out", () => {
    const { data, layout } = withBars(alone, { heights: [heights], top: null, rejected: true });
    assert.deepEqual(new Set(data[0].marker.color), new Set(["grey"]));
    assert.deepEqual(layout.yaxis, { title: { text: "if it were a digit" }, range: [0, 100] });
    assert.equal(alone.layout.yaxis.title.text, "probability"); // the figure stays as it was
  });

  test("stands at nothing where there is no answer", () => {
    const { data } = withBars(alone, { heights: [], top: null, rejected: false });
    assert.deepEqual(data[0].y, nothing);
    assert.deepEqual(new Set(data[0].marker.color), new Set(["grey"]));
  });

  test("of two networks has a row for each, in colours of their own", () => {
    const others = heights.map((height) => 20 - height);
    const { data } = withBars(two, { heights: [heights, others], top: null, rejected: false });
    assert.deepEqual([data[0].y, data[1].y], [heights, others]);
    assert.deepEqual([data[0].marker.color, data[1].marker.color], ["colour 0", "colour 1"]);
  });

  test("takes what there is of an answer from before another network was chosen", () => {
    const late = withBars(two, { heights: [heights], top: 3, rejected: false });
    assert.deepEqual([late.data[0].y, late.data[1].y], [heights, nothing]);
    const early = withBars(alone, { heights: [heights, nothing], top: null, rejected: false });
    assert.equal(early.data.length, 1);
  });
});

/** A figure as Plotly has drawn it: 10 pixels a unit to the right, 1 a percent from 100 up. */
class Drawn {
  constructor(rows) {
    this.data = Array.from({ length: rows }, () => ({ y: nothing }));
    this.paths = this.data.map(() => digits.map(() => ({ style: {}, setAttribute: setPath })));
    this._fullLayout = { xaxis: { c2p: (x) => 10 * x }, yaxis: { c2p: (y) => 100 - y } };
  }

  querySelectorAll(selector) {
    assert.equal(selector, ".barlayer .trace.bars");
    return this.paths.map((paths) => ({ querySelectorAll: () => paths }));
  }
}

function setPath(name, value) {
  assert.equal(name, "d");
  this.d = value;
}

describe("bars that move with the pen", () => {
  test("stand where Plotly would draw them", () => {
    const element = new Drawn(1);
    moveBars(element, withBars(alone, { heights: [heights], top: 3, rejected: false }));
    const [paths] = element.paths;
    assert.equal(paths[0].d, "M-4,100V100H4V100Z");
    assert.equal(paths[3].d, "M26,100V94H34V100Z");
    assert.deepEqual([paths[3].style.fill, paths[4].style.fill], ["red", "grey"]);
    assert.equal(element.data[0].y, heights);
  });

  test("stand side by side where two networks are compared, and keep their colours", () => {
    const element = new Drawn(2);
    const news = { heights: [heights, heights], top: null, rejected: false };
    moveBars(element, withBars(two, news));
    assert.deepEqual(
      element.paths.map((paths) => paths[5].d),
      ["M46,100V90H50V100Z", "M50,100V90H54V100Z"],
    );
    assert.equal(element.paths[0][5].style.fill, undefined);
  });
});
