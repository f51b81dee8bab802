// The line of those in a room: see room.py. The server sends what it says as {"room": ...}, walls.py.

import { follow } from "../bus.js";
import { componentOf } from "../component.js";

/**
 * What the line says of the room of this code: { words, asked, isError }. `room` is what was heard of
 * it last, or null; the note says what becomes of drawings.
 */
export function lineOf({ code, note }, room) {
  const line = { words: `In room ${code}: ${note}`, asked: "", isError: false };
  if (room?.code !== code) return line;
  const { error, isOpen, game } = room;
  if (error && !isOpen) return { ...line, words: error, isError: true };
  if (!isOpen) return { ...line, words: `Room ${code} has ended.` };
  if (error) return { ...line, words: `Your drawing is not on the wall. ${error}`, isError: true };
  if (!game) return line;
  if (!game.isOver) return { ...line, words: "Draw", asked: String(game.asked) };
  return { ...line, words: `The game is over. ${resultOf(game.mine)}`.trim() };
}

function resultOf(mine) {
  if (!mine) return "";
  const [place, of, read, fooled] = mine;
  const trick = fooled ? ` You fooled it with ${fooled}.` : "";
  const digits = read === 1 ? "1 of your digits was" : `${read} of your digits were`;
  return `${digits} read, place ${place} of ${of}.${trick}`;
}

/** The seconds that a running game has left, `ago` ms after it was heard of; null for no such game. */
export function secondsOf({ code }, room, ago) {
  if (room?.code !== code || !room.isOpen || !room.game || room.game.isOver) return null;
  return Math.max(0, Math.ceil(room.game.left - ago / 1000));
}

class View {
  room = null;
  heardAt = 0;

  constructor(element) {
    this.element = element;
    [this.words, this.asked, this.left] = element.children;
    this.stops = [
      follow("room", (room) => {
        Object.assign(this, { room, heardAt: Date.now() });
        this.paint();
      }),
    ];
    this.clock = setInterval(() => this.tick(), 500);
  }

  update({ data }) {
    this.data = data;
    this.paint();
  }

  paint() {
    if (!this.data) return;
    const { words, asked, isError } = lineOf(this.data, this.room);
    if (this.words.textContent !== words) this.words.textContent = words;
    if (this.asked.textContent !== asked) this.asked.textContent = asked;
    this.element.classList.toggle("error", isError);
    this.tick();
  }

  tick() {
    const seconds = this.data && secondsOf(this.data, this.room, Date.now() - this.heardAt);
    this.left.textContent = seconds === null ? "" : `${seconds} s left`;
  }

  stop() {
    clearInterval(this.clock);
    for (const stop of this.stops) stop();
  }
}

export default componentOf((element) => new View(element.querySelector(".room")));
