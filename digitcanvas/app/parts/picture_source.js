// The pictures: samples to begin with, a list of those that there are, and what is pasted or
// dropped anywhere on the page: see picture_source.py.

import { componentOf } from "../component.js";

/** The images among the files of what was pasted. */
export function imagesIn(transfer) {
  return [...(transfer?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
}

/** Give files to the page's uploader, as if they had been chosen there. */
export function upload(files, input = document.querySelector('.st-key-picture [type="file"]')) {
  if (!files.length || !input) return false;
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

/** Whether an event brings files to a place that does not take them by itself. */
export function bringsFiles({ dataTransfer, target }) {
  return dataTransfer?.types.includes("Files") && !target.closest?.(".st-key-picture");
}

class View {
  constructor(element) {
    this.samples = element.querySelector("[role=group]");
    this.list = element.querySelector(".pictures");
    this.rows = this.list.querySelector("tbody");
    this.listening = new AbortController();
    const { signal } = this.listening;
    document.addEventListener("paste", (event) => this.paste(event), { signal });
    document.addEventListener("dragover", (event) => this.drop(event), { signal });
    document.addEventListener("drop", (event) => this.drop(event), { signal });
  }

  update({ data, setTriggerValue }) {
    const { samples, pictures, chosen } = data;
    // Streamlit's uploader has a name and takes the focus, but calls itself mere presentation
    document.querySelector(".st-key-picture section")?.setAttribute("role", "group");
    this.ask = (what) => setTriggerValue("asked", what);
    this.samples.hidden = !samples.length;
    for (const button of this.samples.querySelectorAll("button")) button.remove();
    this.samples.append(...samples.map((sample) => this.sample(sample)));
    this.list.hidden = !pictures.length;
    this.list.classList.toggle("single", pictures.length === 1);
    const held = this.heldIn(this.rows);
    this.rows.replaceChildren(...pictures.map((one) => this.row(one, chosen)));
    if (held) this.focus(held);
    this.reveal(this.rows.querySelector("tr:has([aria-pressed=true])"));
  }

  /** The button that has the keyboard's focus: whether its row's last, its picture's id, its row. */
  heldIn(rows) {
    const held = rows.getRootNode().activeElement;
    if (!rows.contains(held)) return null;
    const row = held.closest("tr");
    const isLast = held.closest("td") === row.lastElementChild;
    return { isLast, id: row.dataset.id, place: [...rows.children].indexOf(row) };
  }

  /** Give it to the same button of a new list, or to that of the row which has taken its place. */
  focus({ isLast, id, place }) {
    const rows = [...this.rows.children];
    const row = rows.find(({ dataset }) => dataset.id === id) ?? rows[place] ?? rows.at(-1);
    if (!row) document.querySelector(".st-key-picture button")?.focus();
    else [...row.querySelectorAll("button")].at(isLast ? -1 : 0).focus();
  }

  /** Scroll the list, and nothing else, to a row. */
  reveal(row) {
    if (!row) return;
    const [top, bottom] = [row.offsetTop - row.offsetHeight, row.offsetTop + row.offsetHeight];
    const { scrollTop, clientHeight } = this.list;
    this.list.scrollTop = Math.min(top, Math.max(scrollTop, bottom - clientHeight));
  }

  sample({ words, view }) {
    const button = buttonOf(words, () => this.ask({ sample: words }));
    button.append(imageOf(view));
    button.title = words;
    return button;
  }

  row({ id, name, view, text, certainty }, chosen) {
    const row = document.createElement("tr");
    row.dataset.id = id;
    const [picture, read, sure, end] = Array.from({ length: 4 }, () => row.insertCell());
    const choice = buttonOf(`Show ${name}`, () => this.ask({ choose: id }));
    choice.setAttribute("aria-pressed", String(id === chosen));
    if (view) choice.append(imageOf(view));
    choice.appendChild(document.createElement("span")).textContent = name;
    picture.append(choice);
    read.textContent = text || "–";
    sure.textContent = text && certainty;
    const remove = buttonOf(`Remove ${name}`, () => this.ask({ remove: id }));
    remove.append("×");
    end.append(remove);
    return row;
  }

  stop() {
    this.listening.abort();
  }

  paste(event) {
    if (upload(imagesIn(event.clipboardData))) event.preventDefault();
  }

  drop(event) {
    if (!bringsFiles(event)) return;
    event.preventDefault(); // or the browser leaves the page for the file
    if (event.type === "drop") upload([...event.dataTransfer.files]);
  }
}

function buttonOf(label, onclick) {
  const button = Object.assign(document.createElement("button"), { type: "button", onclick });
  button.setAttribute("aria-label", label);
  return button;
}

function imageOf(view) {
  return Object.assign(document.createElement("img"), {
    src: `data:image/jpeg;base64,${view}`,
    alt: "",
  });
}

export default componentOf((element) => new View(element));
