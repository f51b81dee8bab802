import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { paint } from "../../digitcanvas/app/canvas/picture.js";
import { sampleOf } from "../../digitcanvas/app/canvas/samples.js";
import { broughtBy, linkOf, requestOf } from "../../digitcanvas/app/canvas/share.js";

const SEVEN = sampleOf(7).map((points) => ({ width: 16, points }));

describe("a link", () => {
  test("opens the page as it is, with the drawing in the fragment", () => {
    for (const page of [
      "https://example.org/",
      "http://10.0.0.7:8501/digits?model=mlp&logits=on",
    ]) {
      for (const before of ["", "#", "#drawing=old", "#top"]) {
        const link = linkOf(page + before, SEVEN);
        assert.ok(link.startsWith(`${page}#drawing=`));
        const { hash } = new URL(link);
        assert.equal(broughtBy(hash).rows.length, 1);
      }
    }
  });

  test("is no longer than 2,000 characters, unless the page's own address is", () => {
    const strokes = Array.from({ length: 40 }, (_, turn) => ({
      width: 8,
      points: Array.from(
        { length: 200 },
        (_, at) => 140 + (100 - turn) * Math.sin(at * 0.7 + turn),
      ),
    }));
    const link = linkOf("http://localhost:8501/", strokes);
    assert.ok(link === null || link.length <= 2000);
    const long = `http://localhost:8501/?name=${"x".repeat(1990)}`;
    assert.ok(linkOf(long, SEVEN).length < 3100);
  });

  test("is none for a drawing that is too long", () => {
    const strokes = Array.from({ length: 450 }, (_, at) => ({ width: 8, points: [at, 1, 9, at] }));
    assert.equal(linkOf("http://localhost:8501/", strokes), null);
  });
});

describe("an address", () => {
  test("brings nothing without a drawing", () => {
    for (const hash of ["", "#", "#drawing", "#drawings=7", "#top", "?drawing=7"]) {
      assert.equal(broughtBy(hash), null);
    }
  });

  test("with a damaged drawing says so in a line", () => {
    for (const rest of ["", "7", "%", "AAAA", "<img src=x onerror=alert(1)>", "..", "\u0000"]) {
      const { rows, error } = broughtBy(`#drawing=${rest}`);
      assert.equal(rows, undefined);
      assert.match(error, /damaged: ask/);
    }
  });
});

test("the strokes are what the API takes", () => {
  const strokes = [
    { width: 28, points: [1, 2, 3, 4] },
    { width: 8, points: [5, 6] },
  ];
  assert.deepEqual(requestOf(strokes), {
    strokes: [
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6]],
    ],
    width: 28,
  });
});

/** Notes what is drawn on it. */
class Context {
  lines = [];

  fillRect(...box) {
    this.filled = [this.fillStyle, ...box];
  }

  beginPath() {
    this.lines.push({ width: this.lineWidth, colour: this.strokeStyle, ways: [] });
  }

  note(...way) {
    this.lines.at(-1).ways.push(way.map((value) => (value.toFixed ? +value.toFixed(2) : value)));
  }

  moveTo(...point) {
    this.note("move", ...point);
  }

  quadraticCurveTo(...points) {
    this.note("curve", ...points);
  }

  lineTo(...point) {
    this.note("line", ...point);
  }

  stroke() {
    assert.deepEqual([this.lineCap, this.lineJoin], ["round", "round"]);
  }
}

test("a picture of a wide drawing is wide", () => {
  const canvas = { getContext: () => new Context() };
  paint(canvas, [{ width: 16, points: [20, 20, 800, 200] }], 840);
  assert.deepEqual([canvas.width, canvas.height], [2520, 840]);
  paint(canvas, [{ width: 16, points: [20, 20, 80, 200] }], 840);
  assert.deepEqual([canvas.width, canvas.height], [840, 840]);
});

test("a picture has white strokes of their widths on black, scaled to its size", () => {
  const context = new Context();
  paint(
    { getContext: () => context },
    [
      { width: 16, points: [140, 70, 140, 210, 70, 210] },
      { width: 8, points: [10, 20] },
    ],
    840,
  );
  assert.deepEqual(context.filled, ["#000", 0, 0, 840, 840]);
  assert.deepEqual(context.lines, [
    {
      width: 48,
      colour: "#fff",
      ways: [
        ["move", 420, 210],
        ["curve", 420, 630, 315, 630],
        ["line", 210.01, 630],
      ],
    },
    {
      width: 24,
      colour: "#fff",
      ways: [
        ["move", 30, 60],
        ["line", 30.01, 60],
      ],
    },
  ]);
});
