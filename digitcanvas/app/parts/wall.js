// A room's wall: see wall.py. The server sends {"wall": ...} as of walls.py to those who look at it.

import { follow } from "../bus.js";
import { componentOf } from "../component.js";
import { connect, live } from "../tab.js";

const NO_DIGIT = 10;
const SVG = "http://www.w3.org/2000/svg";
const SILENCE = 5000; // ms without a word of the wall after which something is wrong

let watcher = null; // the view for which this tab watches

/** What is on the wall of one room. */
export class Wall {
  tiles = new Map(); // the drawings by their ids
  heard = null; // what was heard last

  constructor(code) {
    this.code = code;
  }

  /** Take what was heard in. Gives whether it is of this wall. */
  hear(heard) {
    if (heard?.code !== this.code) return false;
    if (heard.afresh) this.tiles.clear();
    for (const tile of heard.tiles) this.tiles.set(tile.id, tile);
    for (const id of heard.gone) this.tiles.delete(id);
    this.heard = heard;
    return true;
  }

  /** The drawings, the newest first. */
  get newest() {
    return [...this.tiles.values()].sort((one, other) => other.id - one.id);
  }
}

/** What a tile says: { said, told, outcome: "right", "wrong" or "" }. */
export function wordsOf({ said, told }) {
  const isJudged = told !== null && said !== null;
  const outcome = isJudged ? (told === said ? "right" : "wrong") : "";
  const name = (digit) => (digit === NO_DIGIT ? "no digit" : String(digit));
  const words = { right: "✓ right", wrong: `✗ it is ${name(told)}` };
  return { said: said === null ? "" : name(said), told: words[outcome] ?? "", outcome };
}

/** The wall's figures as [what, how many], what has none left out. */
export function figuresOf({ counts, people }) {
  const { drawings = 0, told = 0, right = 0, hardest = null } = counts;
  return [
    ["drawings", String(drawings)],
    ["people drawing", String(people)],
    told && ["read right, of those told", `${right} of ${told}`],
    hardest !== null && ["the hardest digit", String(hardest)],
  ].filter(Boolean);
}

/** What is said of the game: { asking, asked, now, all }. */
export function gameOf({ isOver, asked, now: [read, fooled], read: allRead, fooled: allFooled }) {
  const all = `In all: ${allRead} read, ${allFooled} fooled it`;
  if (isOver) return { asking: "The game is over", asked: "", now: "", all };
  return { asking: "Draw", asked: String(asked), now: `${read} read, ${fooled} fooled it`, all };
}

class View {
  wall = new Wall(null);

  constructor(element) {
    this.element = element;
    const find = (name) => element.querySelector(name);
    this.slots = {
      problem: find(".problem"),
      game: find(".game"),
      asking: find(".asking span"),
      asked: find(".asking strong"),
      left: find(".left"),
      now: find(".now"),
      all: find(".all"),
      best: find(".best"),
      figures: find(".figures"),
      invitation: find(".invitation"),
      tiles: find(".tiles"),
    };
    this.shown = new Map(); // the tiles' elements by ids
    this.ignore = follow("wall", (heard) => {
      if (!this.wall.hear(heard)) return;
      this.heardAt = Date.now();
      this.paint();
    });
    this.clock = setInterval(() => this.tick(), 500);
  }

  update({ data, setTriggerValue }) {
    this.setTriggerValue = setTriggerValue;
    connect(data.live);
    const isNew = this.wall.code !== data.code;
    if (isNew) {
      Object.assign(this, { wall: new Wall(data.code), askedAt: Date.now() });
      watcher = this;
      live.watch(data.code);
    }
    this.isLeader = data.isLeader;
    this.paint();
  }

  paint() {
    const { heard, newest } = this.wall;
    this.paintTiles(newest);
    if (heard) {
      say(this.slots.problem, heard.error);
      this.paintFigures(figuresOf(heard));
      this.paintGame(heard.game);
      this.slots.invitation.hidden = newest.length > 0 || !heard.isOpen || Boolean(heard.game);
    }
    this.tick();
  }

  paintTiles(newest) {
    const { tiles } = this.slots;
    const wanted = new Set(newest.map(({ id }) => id));
    for (const [id, element] of this.shown) {
      if (wanted.has(id)) continue;
      element.remove();
      this.shown.delete(id);
    }
    let next = tiles.firstElementChild;
    for (const tile of newest) {
      const element = this.elementOf(tile);
      if (element === next) next = next.nextElementSibling;
      else tiles.insertBefore(element, next);
    }
  }

  elementOf(tile) {
    let element = this.shown.get(tile.id);
    if (!element) {
      element = document.createElement("li");
      element.innerHTML = `<button type="button"><span class="reading">
        <span class="said"></span><span class="told"></span><span class="name"></span>
      </span></button>`;
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("viewBox", "0 0 280 280");
      svg.setAttribute("aria-hidden", "true");
      svg.append(document.createElementNS(SVG, "path"));
      element.firstElementChild.prepend(svg);
      element.firstElementChild.onclick = () => this.setTriggerValue("hide", tile.id);
      this.shown.set(tile.id, element);
    }
    const { said, told, outcome } = wordsOf(tile);
    element.className = outcome;
    const button = element.firstElementChild;
    button.disabled = !this.isLeader;
    button.title = this.isLeader ? "Hide this drawing" : "";
    const path = button.querySelector("path");
    path.setAttribute("d", tile.path);
    path.setAttribute("stroke-width", tile.pen);
    button.querySelector(".said").classList.toggle("words", said.length > 1);
    say(button.querySelector(".said"), said);
    say(button.querySelector(".told"), told);
    say(button.querySelector(".name"), tile.name);
    return element;
  }

  paintFigures(figures) {
    const list = this.slots.figures;
    while (list.childElementCount > figures.length) list.lastElementChild.remove();
    figures.forEach(([what, many], index) => {
      const entry = list.children[index] ?? list.appendChild(document.createElement("div"));
      if (!entry.childElementCount) entry.innerHTML = "<dt></dt><dd></dd>";
      say(entry.firstElementChild, what);
      say(entry.lastElementChild, many);
    });
  }

  paintGame(game) {
    const { slots } = this;
    slots.game.hidden = !game;
    if (!game) return;
    for (const [slot, words] of Object.entries(gameOf(game))) say(slots[slot], words);
    slots.best.hidden = !game.best.length;
    const body = slots.best.tBodies[0];
    body.replaceChildren(
      ...game.best.map(([name, read, fooled], index) => {
        const row = document.createElement("tr");
        for (const value of [index + 1, name, read, fooled]) {
          row.append(Object.assign(document.createElement("td"), { textContent: value }));
        }
        return row;
      }),
    );
  }

  /** Let the game's clock run, and notice that nothing is heard. */
  tick() {
    const { heard } = this.wall;
    const { game } = heard ?? {};
    if (game) {
      const left = Math.max(0, Math.ceil(game.left - (Date.now() - this.heardAt) / 1000));
      say(this.slots.left, game.isOver ? "" : `${left} s left`);
    }
    if (!heard && Date.now() - this.askedAt > SILENCE) {
      say(this.slots.problem, "The server does not send the wall: reload the page.");
    }
  }

  stop() {
    clearInterval(this.clock);
    this.ignore();
    if (watcher === this) live.watch(null); // another may have come before this one goes
  }
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

export default componentOf((element) => new View(element.querySelector(".wall")));
