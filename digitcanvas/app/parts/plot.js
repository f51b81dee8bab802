// A Plotly figure in the page's colours that moves from one state to the next: see plot.py.

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

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

/** Axes and letters in the page's colours, light or dark, on the page's own ground. */
function themed({ data, layout }, element) {
  const style = getComputedStyle(element);
  const color = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const grid = color("border-color");
  const ground = color("background-color");
  const axes = Object.entries(layout)
    .filter(([name]) => /^[xy]axis/.test(name))
    .map(([name, axis]) => [name, { gridcolor: grid, zerolinecolor: grid, ...axis }]);
  const paper = color("secondary-background-color");
  return {
    traces: data.map((trace) => ({
      ...trace,
      ...(trace.colorscale && {
        colorscale: trace.colorscale.map(([at, ink]) => [at, ink === "paper" ? paper : ink]),
      }),
    })),
    layout: {
      ...layout,
      ...Object.fromEntries(axes),
      font: { family: color("font"), color: color("text-color"), size: 13 },
      paper_bgcolor: ground, // a saved picture has it too
      plot_bgcolor: ground,
      transition: layout.transition && {
        ...layout.transition,
        ...(CALM.matches && { duration: 0 }),
      },
    },
  };
}

/** The room that the figure takes: beyond the page's width, the frame scrolls. */
function fit({ aspect, narrowest, widest }, element) {
  element.parentElement.style.overflowX = narrowest ? "auto" : "";
  Object.assign(element.style, {
    aspectRatio: aspect ?? "",
    minWidth: narrowest ? `${narrowest}px` : "",
    maxWidth: widest ? `${widest}px` : "",
  });
}

/** The words beside the chart are there first: it keeps the browser busy for a while. */
function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** A figure of this shape can take on the values of another: what is around the bars is the same. */
function shapeOf({ data, layout, aspect }) {
  return JSON.stringify([
    data.map(({ type, name }) => [type, name]),
    layout.margin,
    layout.legend,
    aspect,
  ]);
}

/** Plotly keeps a finger for itself, and hears of the window's width alone. */
function attend(element) {
  const options = { capture: true, passive: true };
  element.addEventListener("touchstart", (event) => event.stopPropagation(), options);
  new ResizeObserver(() => {
    const drawn = element._fullLayout?.width;
    const width = element.offsetWidth; // 0 where it is not shown
    if (drawn && width && drawn !== width) window.Plotly.Plots.resize(element);
  }).observe(element);
}

const newest = new WeakMap();
const attended = new WeakSet();

export default function (component) {
  const { data, parentElement } = component;
  const element = parentElement.querySelector(".plot");
  if (!attended.has(element)) attend(element);
  attended.add(element);
  newest.set(element, component);
  // Streamlit may clean a call up after the next one was made: only the newest call counts.
  const isNewest = () => newest.get(element) === component;
  Promise.all([load(data.plotly), painted()]).then(
    ([Plotly]) => {
      if (!isNewest()) return;
      const { figure, listens, name } = data;
      fit(figure, element);
      const { traces, layout } = themed(figure, element);
      const shape = shapeOf(figure);
      const isNew = element.shape !== shape;
      const drawn = JSON.stringify([traces, layout]);
      if (!isNew && element.drawn === drawn) return;
      Object.assign(element, { shape, drawn });
      const config = {
        displaylogo: false,
        modeBarButtons: [["toImage"]],
        toImageButtonOptions: { filename: `digitcanvas-${name}`, scale: 2 },
      };
      (isNew ? Plotly.newPlot : Plotly.react)(element, traces, layout, config);
      if (!isNew || !listens) return;
      element.on("plotly_click", ({ points: [point] }) => {
        newest.get(element)?.setTriggerValue("pressed", point.customdata ?? point.pointIndex);
      });
    },
    (error) => {
      element.textContent = error.message;
    },
  );
  return () => {
    if (!isNewest()) return;
    newest.delete(element);
    delete element.shape;
    window.Plotly?.purge(element);
  };
}
