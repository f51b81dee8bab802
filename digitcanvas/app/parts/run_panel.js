// How far the run is, as a bar and in words: see run_panel.py.

import { follow } from "../bus.js";

export default function ({ data, parentElement }) {
  const { run, label } = data;
  const words = parentElement.querySelector(".words");
  const bar = parentElement.querySelector("[role=progressbar]");
  bar.setAttribute("aria-label", label);
  const paint = ({ share, words: text }) => {
    const percent = Math.floor(100 * share);
    words.textContent = text;
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-valuetext", text);
    bar.firstElementChild.style.width = `${percent}%`;
  };
  paint(run);
  // What was sent before the panel ran is older: no run's share ever falls.
  bar.ignore?.(); // Streamlit cleans up after the last call alone
  const follows = [
    follow("runs", (runs) => {
      const newer = runs.find(({ id }) => id === run.id);
      if (newer && newer.share >= run.share) paint(newer);
    }),
    follow("queue", (queue) => {
      const waiting = queue.find(({ id, state }) => id === run.id && state === "waiting");
      if (waiting) words.textContent = waiting.words;
    }),
  ];
  bar.ignore = () => {
    for (const ignore of follows) ignore();
  };
  return bar.ignore;
}
