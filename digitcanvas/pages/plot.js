// A Plotly figure that moves from one state to the next: see plot.py.

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const MOVE = { duration: CALM.matches ? 0 : 120, easing: "cubic-out" }; // ms

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
function themed(layout, element) {
  const style = getComputedStyle(element);
  const color = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const grid = color("border-color");
  return {
    ...layout,
    font: { family: color("font"), color: color("text-color"), size: 13 },
    xaxis: { ...layout.xaxis, showgrid: false, zeroline: false },
    yaxis: { ...layout.yaxis, gridcolor: grid, zerolinecolor: grid },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    transition: MOVE,
  };
}

/** The words beside the chart are there first: it keeps the browser busy for a while. */
function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** A figure of this shape can take on the values of another: what is around the bars is the same. */
function shapeOf({ data, layout }) {
  return JSON.stringify([data.map((trace) => trace.name), layout.margin, layout.legend]);
}

const newest = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const element = parentElement.querySelector(".plot");
  newest.set(element, component);
  // Streamlit may clean a call up after the next one was made: only the newest call counts.
  const isNewest = () => newest.get(element) === component;
  Promise.all([load(data.plotly), painted()]).then(
    ([Plotly]) => {
      if (!isNewest()) return;
      const { data: traces, layout } = data.figure;
      const shape = shapeOf(data.figure);
      const draw = element.shape === shape ? Plotly.react : Plotly.newPlot;
      element.shape = shape;
      const config = { displayModeBar: false, responsive: true };
      draw(element, traces, themed(layout, element), config);
    },
    (error) => {
      element.textContent = error.message;
    },
  );
  return () => {
    if (!isNewest()) return;
    newest.delete(element);
    window.Plotly?.purge(element);
  };
}
