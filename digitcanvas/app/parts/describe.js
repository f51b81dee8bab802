// A figure in words, for people who do not see it.

const LISTED = 12; // values of a trace that are read out; of more, only the range is

/** What a figure shows: its axes, and each trace's values or their range. */
export function describe({ data, layout }) {
  const axes = [layout.xaxis, layout.yaxis].map((axis) => axis?.title?.text).filter(Boolean);
  const traces = data.map(wordsOf).filter(Boolean);
  const chart = axes.length === 2 ? [`Chart of ${axes[1]} by ${axes[0]}.`] : ["Chart."];
  return [...chart, ...traces].join(" ");
}

function wordsOf({ type = "", mode, name, text, x, y, z }) {
  const label = name ? `${name}: ` : "";
  if (z) return `${label}${z.length} rows of ${z[0]?.length ?? 0} values.`;
  const known = (y ?? []).filter(Number.isFinite);
  if (!known.length) return "";
  if (type === "bar" && y.length <= LISTED) {
    return `${label}${y.map((value, index) => `${x[index]}: ${short(value ?? 0)}`).join(", ")}.`;
  }
  if (mode === "markers" && text?.length <= LISTED) return `${label}${text.join(", ")}.`;
  return `${label}${known.length} values from ${short(Math.min(...known))} to ${short(Math.max(...known))}.`;
}

function short(value) {
  return `${Number(value.toPrecision(3))}`;
}
