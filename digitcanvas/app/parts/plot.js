// A Plotly figure in the page's colours that animates from one state to the next: see plot.py.

import { follow } from "../bus.js";
import { moveBars, withBars } from "./bars.js";
import { describe } from "./describe.js";

const COMPACT = 120; // pixels of height below which there is no room for a scale

let loading;

function load(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const fail = () => reject(new Error("The chart cannot be loaded: reload the page."));
    script.src = url;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : fail());
    script.onerror = fail;
    document.head.append(script);
  });
  return loading;
}

/** Look up Streamlit's theme, light or dark, by its CSS variables. */
function themeOf(element) {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--st-${name}`).trim();
}

function prefersCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The figure with axes, text and background in the theme's colours; a calm one does not move. */
export function themed({ data, layout }, theme, calm) {
  const grid = theme("border-color");
  const background = theme("background-color");
  const axes = Object.entries(layout)
    .filter(([name]) => /^[xy]axis/.test(name))
    .map(([name, axis]) => [name, { gridcolor: grid, zerolinecolor: grid, ...axis }]);
  const paper = layout.meta?.paper;
  const inked = ([at, ink]) => [at, ink === paper ? theme("secondary-background-color") : ink];
  return {
    traces: data.map((trace) => ({
      ...trace,
      ...(trace.colorscale && { colorscale: trace.colorscale.map(inked) }),
    })),
    layout: {
      ...layout,
      ...Object.fromEntries(axes),
      font: { family: theme("font"), color: theme("text-color"), size: 13 },
      paper_bgcolor: background, // so that a saved chart has it too
      plot_bgcolor: background,
      transition: layout.transition && {
        ...layout.transition,
        ...(calm && { duration: 0 }),
      },
    },
  };
}

/** Size the figure's element; its frame scrolls where the figure may be wider than the page. */
export function fit({ layout }, element) {
  const { aspect, narrowest, widest } = layout.meta ?? {};
  element.parentElement.style.overflowX = narrowest ? "auto" : "";
  Object.assign(element.style, {
    aspectRatio: aspect ?? "",
    minWidth: narrowest ? `${narrowest}px` : "",
    maxWidth: widest ? `${widest}px` : "",
  });
}

/** Have the Tab key reach a frame that scrolls, for the arrow keys to scroll it. */
export function letReach(frame) {
  if (frame.scrollWidth > frame.clientWidth) frame.setAttribute("tabindex", "0");
  else frame.removeAttribute("tabindex");
}

/**
 * The layout of a figure without a height, which fills its element: its type grows with the element,
 * so that a projector's can be read from afar; a phone's has no room for more than the bars.
 */
export function filling(layout, height) {
  if (layout.height || !height) return layout;
  const size = Math.min(28, Math.max(16, height / 14));
  const { xaxis, yaxis } = layout;
  if (height < COMPACT) {
    return {
      ...layout,
      showlegend: false,
      margin: { l: 0, r: 0, t: 8, b: 20 },
      xaxis: { ...xaxis, title: undefined },
      yaxis: { ...yaxis, visible: false },
    };
  }
  return {
    ...layout,
    font: { ...layout.font, size },
    margin: { l: 4.2 * size, r: 0, t: 0.7 * size, b: 1.4 * size },
    xaxis: { ...xaxis, title: undefined },
    yaxis: { ...yaxis, title: { ...yaxis.title, font: { size } } },
  };
}

/** Scroll to what a press changes, as far as it takes to see it. */
function reveal(changed) {
  changed?.scrollIntoView({ block: "nearest", behavior: prefersCalm() ? "auto" : "smooth" });
}

/** Resolves after a paint: the text beside the chart appears before Plotly blocks the browser. */
function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** Figures of the same shape have the same traces and frame, so one can animate into the other. */
export function shapeOf({ data, layout }) {
  return JSON.stringify([
    data.map(({ type, name }) => [type, name]),
    layout.margin,
    layout.legend,
    layout.meta?.aspect,
  ]);
}

/** Let touches scroll the page, and follow the element's width: Plotly only follows the window. */
function attend(element) {
  const options = { capture: true, passive: true };
  element.addEventListener("touchstart", (event) => event.stopPropagation(), options);
  const observer = new ResizeObserver(() => {
    letReach(element.parentElement);
    const drawn = element._fullLayout;
    const { offsetWidth: width, offsetHeight: height } = element; // 0 while hidden
    if (!drawn || !width) return;
    const isOther = element.fills && drawn.height !== height;
    if (isOther || drawn.width !== width) window.Plotly.Plots.resize(element);
    if (isOther) element.paint(); // its type depends on its height
  });
  for (const seen of [element, element.parentElement]) observer.observe(seen);
}

/** The figure after what the topic that it follows has brought, if anything. */
export function updated({ figure, version }, news) {
  if (!news) return figure;
  if (!news.figure) return withBars(figure, news);
  const isNewer = news.version[0] === version[0] && news.version[1] >= version[1];
  return isNewer ? news.figure : figure;
}

const newest = new WeakMap();
const attended = new WeakSet();

export default function (component) {
  const { data, parentElement } = component;
  const element = parentElement.querySelector(".plot");
  if (!attended.has(element)) attend(element);
  attended.add(element);
  newest.set(element, component);
  // Streamlit may clean up a call after it makes the next one: only the newest call counts.
  const isNewest = () => newest.get(element) === component;
  let news;
  const paint = (Plotly) => {
    if (!isNewest()) return;
    const { listens, name } = data;
    const figure = updated(data, news);
    fit(figure, element);
    element.fills = !figure.layout.height && !figure.layout.meta?.aspect;
    const calm = prefersCalm() || element.fills;
    const { traces, layout: whole } = themed(figure, themeOf(element), calm);
    const layout = element.fills ? filling(whole, element.offsetHeight) : whole;
    element.setAttribute("role", "figure");
    element.setAttribute("aria-label", describe(figure));
    const shape = shapeOf(figure);
    const isNew = element.shape !== shape;
    const drawn = JSON.stringify([traces, layout]);
    if (!isNew && element.drawn === drawn) return;
    Object.assign(element, { shape, drawn });
    const config = {
      displaylogo: false,
      modeBarButtons: [["toImage"]],
      displayModeBar: matchMedia("(hover: none)").matches ? false : "hover",
      toImageButtonOptions: { filename: `digitcanvas-${name}`, scale: 2 },
    };
    (isNew ? Plotly.newPlot : Plotly.react)(element, traces, layout, config);
    if (!isNew || !listens) return;
    element.on("plotly_click", ({ points: [point] }) => {
      newest.get(element)?.setTriggerValue("pressed", point.customdata ?? point.pointIndex);
      if (data.shows) reveal(document.querySelector(`.st-key-${data.shows}`));
    });
  };
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    Promise.all([load(data.plotly), painted()]).then(
      ([Plotly]) => {
        asked = false;
        paint(Plotly);
      },
      (error) => {
        element.textContent = error.message;
      },
    );
  };
  ask();
  element.paint = ask;
  element.ignore?.(); // Streamlit cleans up after the last call alone
  element.ignore = data.follows
    ? follow(data.follows, (value) => {
        news = value;
        const isMoving = value.isFinal === false && element.shape === shapeOf(data.figure);
        if (!isMoving) return ask();
        moveBars(element, updated(data, value));
        element.drawn = undefined; // by Plotly, which has to draw it even if it is as before
      })
    : undefined;
  return () => {
    if (!isNewest()) return;
    element.ignore?.();
    newest.delete(element);
    delete element.shape;
    window.Plotly?.purge(element);
  };
}
