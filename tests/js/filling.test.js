import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { filling } from "../../digitcanvas/app/parts/plot.js";

const LAYOUT = { xaxis: { title: { text: "digit" } }, yaxis: { title: { text: "probability" } } };

describe("a figure that fills its element", () => {
  test("has type that grows with it, from 16 pixels on a laptop to 28 on a projector", () => {
    const sizes = [140, 240, 340, 500].map((height) => filling(LAYOUT, height).font.size);
    assert.deepEqual([sizes[0], sizes.at(-1)], [16, 28]);
    assert.ok(sizes[1] < sizes[2]);
    assert.equal(filling(LAYOUT, 340).yaxis.title.text, "probability");
  });

  test("has nothing but bars and digits where it is as low as on a phone", () => {
    const { xaxis, yaxis, showlegend } = filling(LAYOUT, 96);
    assert.deepEqual([xaxis.title, yaxis.visible, showlegend], [undefined, false, false]);
  });

  test("stays as it is with a height of its own, or while it is hidden", () => {
    const fixed = { ...LAYOUT, height: 260 };
    assert.equal(filling(fixed, 100), fixed);
    assert.equal(filling(LAYOUT, 0), LAYOUT);
  });
});
