// A Plotly figure that moves from one state to the next: see plot.py.

const MOVE = { duration: 120, easing: "cubic-out" }; // ms

let plotly;

function load(url) {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("The chart cannot be loaded: reload the page."));
    document.head.append(script);
  });
  return plotly;
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

const newest = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const element = parentElement.querySelector(".plot");
  newest.set(element, component);
  // Streamlit may clean a call up after the next one was made: only the newest call counts.
  const isNewest = () => newest.get(element) === component;
  load(data.plotly).then(
    (Plotly) => {
      if (!isNewest()) return;
      const { data: traces, layout } = data.figure;
      const config = { displayModeBar: false, responsive: true };
      Plotly.react(element, traces, themed(layout, element), config);
    },
    (error) => {
      element.textContent = error.message;
    },
  );
  return () => {
    if (isNewest()) window.Plotly?.purge(element);
  };
}
