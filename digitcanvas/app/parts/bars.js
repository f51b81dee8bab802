// The answer's bars, which move with the pen: Plotly draws them, and this moves them meanwhile.
//
// Plotly takes 10 to 50 ms to draw ten bars anew, too long at 30 answers a second. So while the pen
// is down only the bars' own paths change, and when it is up, Plotly draws the same once more.

/**
 * The figure of bars with other heights, in percent and one row for each network.
 *
 * The bar of the `top` digit stands out, if there is one.
 */
export function withBars(figure, { heights, top, rejected }) {
  const { standsOut, plain, rejectedTitle } = figure.layout.meta.bars;
  const data = figure.data.map((trace, index) => ({
    ...trace,
    y: heights[index] ?? trace.y,
    ...(figure.data.length === 1 && {
      marker: { color: trace.x.map((digit) => (digit === top ? standsOut : plain)) },
    }),
  }));
  if (!rejected) return { ...figure, data };
  const yaxis = { ...figure.layout.yaxis, title: { text: rejectedTitle } };
  return { ...figure, data, layout: { ...figure.layout, yaxis } };
}

/** Move the bars that Plotly has drawn in this element to those of a figure of the same shape. */
export function moveBars(element, { data, layout }) {
  const { xaxis, yaxis } = element._fullLayout;
  const width = (1 - layout.bargap) / data.length;
  const rows = element.querySelectorAll(".barlayer .trace.bars");
  data.forEach(({ x, y, marker }, index) => {
    const left = -(1 - layout.bargap) / 2 + index * width;
    rows[index].querySelectorAll(".point path").forEach((path, bar) => {
      const from = xaxis.c2p(x[bar] + left);
      path.setAttribute("d", pathOf(from, xaxis.c2p(x[bar] + left + width), y[bar], yaxis));
      if (Array.isArray(marker.color)) path.style.fill = marker.color[bar];
    });
    element.data[index].y = y;
  });
}

function pathOf(from, to, height, axis) {
  return `M${from},${axis.c2p(0)}V${axis.c2p(height)}H${to}V${axis.c2p(0)}Z`;
}
