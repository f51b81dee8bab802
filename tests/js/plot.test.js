import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fit, shapeOf, themed, updated } from "../../digitcanvas/app/parts/plot.js";

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
      [0, "paper"],
      [1, "#f00"],
    ];
    const data = [{ type: "heatmap", colorscale: scale }, { type: "bar" }];
    const [heatmap, bar] = themed({ data, layout: {} }, theme, false).traces;
    assert.deepEqual(heatmap.colorscale, [
      [0, "<secondary-background-color>"],
      [1, "#f00"],
    ]);
    assert.deepEqual(bar, { type: "bar" });
    assert.equal(scale[0][1], "paper"); // the figure itself stays as it was
  });

  test("moves, unless the visitor prefers calm", () => {
    const figure = { data: [], layout: { transition: { duration: 150, easing: "linear" } } };
    const transition = (calm) => themed(figure, theme, calm).layout.transition;
    assert.deepEqual(transition(false), { duration: 150, easing: "linear" });
    assert.deepEqual(transition(true), { duration: 0, easing: "linear" });
    assert.equal(themed({ data: [], layout: {} }, theme, true).layout.transition, undefined);
  });
});

describe("a figure's size", () => {
  test("has a narrowest width, below which its frame scrolls", () => {
    const element = elementInFrame();
    fit({ aspect: 1.5, narrowest: 300, widest: 600 }, element);
    assert.deepEqual(element.style, { aspectRatio: 1.5, minWidth: "300px", maxWidth: "600px" });
    assert.equal(element.parentElement.style.overflowX, "auto");
  });

  test("is lifted for the next figure", () => {
    const element = elementInFrame();
    fit({ aspect: 1.5, narrowest: 300, widest: 600 }, element);
    fit({}, element);
    assert.deepEqual(element.style, { aspectRatio: "", minWidth: "", maxWidth: "" });
    assert.equal(element.parentElement.style.overflowX, "");
  });
});

describe("a figure's shape", () => {
  const figure = {
    data: [{ type: "bar", name: "CNN", y: [1, 2] }],
    layout: { margin: { l: 0 }, legend: {}, height: 100 },
    aspect: 1,
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
      { aspect: 2 },
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

function elementInFrame() {
  return { style: {}, parentElement: { style: {} } };
}
