// Save or share: the drawing as a picture, as strokes, or in a link, and the tab's drawings before.
//
// A link has the drawing in its fragment, which browsers do not send: no server sees it.

import { MineView } from "./mine.js";
import { pack, unpack } from "./packing.js";
import { paint } from "./picture.js";

const PIXELS = 840; // that a picture is high: the canvas' own

const LONGEST = 2000; // characters of a link: all that takes an address takes that many
const LEAST = 1000; // of them for the drawing, however long the page's own address is
const BROUGHT = "#drawing=";

const FILE = "digitcanvas-drawing";

const TOO_LONG = "This drawing is too long for a link: save its strokes instead.";
const DAMAGED = "The drawing in this link is damaged: ask for the link again.";
const COPIED = "Copied. Who opens the link sees this drawing.";
const NOT_COPIED = "Your browser does not let the page copy. Copy the link yourself:";
const NOT_SENT = "Your browser could not send the link: copy it.";

/** The drawing as the API takes it (api_document.py): one pen for all, that of its first stroke. */
export function requestOf(strokes) {
  const pointsOf = ({ points }) =>
    points.flatMap((x, index) => (index % 2 ? [] : [[x, points[index + 1]]]));
  return { strokes: strokes.map(pointsOf), width: strokes[0].width };
}

/** The page of this address with the drawing in it; null if the drawing is too long for that. */
export function linkOf(address, strokes) {
  const [page] = address.split("#");
  const room = Math.max(LEAST, LONGEST - page.length - BROUGHT.length);
  const text = pack(
    strokes.map(({ points }) => points),
    room,
  );
  return text && `${page}${BROUGHT}${text}`;
}

/** What an address's fragment brings: { rows }, each x, y, x, y, ..., or { error }, or null. */
export function broughtBy(hash) {
  if (!hash.startsWith(BROUGHT)) return null;
  try {
    return { rows: unpack(hash.slice(BROUGHT.length)) };
  } catch {
    return { error: DAMAGED };
  }
}

/** The dialog. `again` is called with strokes to be drawn again. */
export class Share {
  constructor(element, { drawing, mine, again }) {
    this.drawing = drawing;
    this.dialog = element.querySelector("dialog");
    this.field = this.dialog.querySelector("input");
    this.line = this.dialog.querySelector("[role=status]");
    this.ways = {
      picture: () => this.savePicture(),
      strokes: () => save(JSON.stringify(requestOf(drawing.strokes)), "application/json", "json"),
      copy: () => this.withLink((link) => this.copy(link)),
      send: () => this.withLink((link) => this.send(link)),
    };
    this.buttons = [...this.dialog.querySelectorAll("[data-way]")];
    for (const button of this.buttons) button.onclick = () => this.ways[button.dataset.way]();
    this.mine = new MineView(this.dialog.querySelector(".mine"), {
      mine,
      drawing,
      again: (strokes) => {
        this.dialog.close();
        again(strokes);
      },
    });
    this.dialog.querySelector(".close").onclick = () => this.dialog.close();
    this.dialog.onclick = ({ target }) => {
      if (target === this.dialog) this.dialog.close(); // beside what it shows
    };
    element.querySelector(".st-key-share button").onclick = () => this.open();
  }

  open() {
    for (const button of this.buttons) {
      button.disabled = !this.drawing.strokes.length;
      button.hidden = button.dataset.way === "send" && !navigator.share;
    }
    this.say("");
    this.mine.show();
    this.dialog.showModal();
  }

  /** Say something below the buttons, and show a link to copy by hand if there is one. */
  say(words, link = "") {
    this.line.textContent = words;
    this.field.value = link;
    this.field.hidden = !link;
  }

  async savePicture() {
    const canvas = document.createElement("canvas");
    paint(canvas, this.drawing.strokes, PIXELS);
    save(await new Promise((done) => canvas.toBlob(done)), "image/png", "png");
  }

  async withLink(use) {
    const link = linkOf(location.href, this.drawing.strokes);
    if (link) await use(link);
    else this.say(TOO_LONG);
  }

  async copy(link) {
    try {
      await navigator.clipboard.writeText(link); // which only a page by HTTPS may do
      this.say(COPIED);
    } catch {
      this.say(NOT_COPIED, link);
      this.field.select();
      if (document.execCommand("copy")) this.say(COPIED);
    }
  }

  async send(url) {
    try {
      await navigator.share({ title: document.title, url });
    } catch (error) {
      if (error.name !== "AbortError") this.say(NOT_SENT); // else the person has changed their mind
    }
  }
}

function save(content, type, ending) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: `${FILE}.${ending}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // a browser may ask first where to save it
}
