// The first network's logits and probabilities as a table: see answer.py.

import { follow } from "../bus.js";

function paint(table, { answers: [answer] = [] }) {
  const rows = answer?.logits?.map((logit, digit) => [
    `${digit}`,
    logit.toFixed(2),
    `${answer.percent[digit].toFixed(2)} %`,
  ]);
  const head = ["digit", `logit of ${answer?.label}`, "probability"];
  table.replaceChildren(
    ...(rows ? [rowOf("th", head), ...rows.map((row) => rowOf("td", row))] : []),
  );
}

function rowOf(tag, texts) {
  const row = document.createElement("tr");
  for (const text of texts) row.appendChild(document.createElement(tag)).textContent = text;
  return row;
}

export default function ({ parentElement }) {
  const table = parentElement.querySelector(".logits");
  table.ignore?.(); // Streamlit cleans up after the last call alone
  table.ignore = follow("shown", (answer) => paint(table, answer));
  return table.ignore;
}
