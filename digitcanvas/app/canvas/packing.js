// A drawing as a short text, for a link: its strokes thinned, then packed into base64 for addresses.
//
// The bytes are the format's version, a check on all that follows (2 bytes), and each stroke: how
// many points it has, the first point, and the step from each point to the next. Numbers are whole
// tenths of a canvas pixel, 7 bits a byte, the lowest first, the sign in the lowest bit.
//
// The pen's width is not packed: the page that opens the link gives the drawing its own pen.

const VERSION = 1;
const TENTHS = 10; // in a canvas pixel: finer than the reader sees in any drawing
const FARTHEST = 10_000; // canvas pixels: no screen is wider, and more would be a slip
const LONGEST = 4000; // characters that are unpacked: twice what a link has, some 1,500 points

const FINEST = 1 / 400; // of the drawing's extent: an eighth of what the 28x28 image can show
const COARSEST = 1 / 20; // what is thinned more is another drawing
const SMALLEST = 8; // canvas pixels: a smaller drawing is not magnified further when it is read

const SPACING = 6; // canvas pixels between points of an opened stroke
const MOST_PARTS = 32; // of one line, however long it is

/** The strokes, x, y, x, y, ... each, as a text of at most `room` characters; null if none is. */
export function pack(rows, room) {
  const all = rows.flat();
  if (!all.every((value) => Math.abs(value) <= FARTHEST)) return null;
  const extent = Math.max(SMALLEST, spanOf(all, 0), spanOf(all, 1));
  for (let share = FINEST; share <= COARSEST; share *= 1.5) {
    const text = textOf(rows.map((row) => thin(row, share * extent)));
    if (text.length <= room) return text;
  }
  return null;
}

/** The strokes of such a text, with points as close as a pen's. Throws an Error for any other. */
export function unpack(text) {
  if (text.length > LONGEST) throw new Error("damaged");
  const bytes = bytesOf(text);
  const [version, low, high] = bytes;
  const rest = bytes.slice(3);
  if (version !== VERSION || low + 256 * high !== checkOf(rest)) throw new Error("damaged");
  const numbers = numbersOf(rest);
  const rows = [];
  for (let at = 0; at < numbers.length; ) {
    const end = at + 1 + 2 * numbers[at];
    if (!numbers[at] || end > numbers.length) throw new Error("damaged");
    rows.push(placesOf(numbers.slice(at + 1, end)));
    at = end;
  }
  if (!rows.length) throw new Error("damaged");
  return rows.map(fill);
}

/**
 * A stroke with no more points than it takes to stay within `tolerance` pixels of all of them.
 *
 * U. Ramer, "An iterative procedure for the polygonal approximation of plane curves", 1972: the
 * point that is farthest from the line between two that stay, stays too if it is too far.
 */
export function thin(row, tolerance) {
  const last = row.length / 2 - 1;
  const stays = new Set([0, last]);
  const open = [[0, last]];
  while (open.length) {
    const [from, to] = open.pop();
    let [farthest, most] = [null, tolerance];
    for (let at = from + 1; at < to; at += 1) {
      const distance = distanceTo(row, at, from, to);
      if (distance > most) [farthest, most] = [at, distance];
    }
    if (farthest === null) continue;
    stays.add(farthest);
    open.push([from, farthest], [farthest, to]);
  }
  return [...stays].sort((a, b) => a - b).flatMap((at) => row.slice(2 * at, 2 * at + 2));
}

/** How far a point is from the line between two others, which ends at them. */
function distanceTo(row, at, from, to) {
  const [x, y] = [row[2 * at] - row[2 * from], row[2 * at + 1] - row[2 * from + 1]];
  const [across, down] = [row[2 * to] - row[2 * from], row[2 * to + 1] - row[2 * from + 1]];
  const square = across * across + down * down;
  const along = square ? Math.min(1, Math.max(0, (x * across + y * down) / square)) : 0;
  return Math.hypot(x - along * across, y - along * down);
}

function spanOf(values, axis) {
  let [low, high] = [Infinity, -Infinity];
  for (let at = axis; at < values.length; at += 2) {
    low = Math.min(low, values[at]);
    high = Math.max(high, values[at]);
  }
  return high - low;
}

/** Points between those that are far apart: the canvas rounds the corners between distant points. */
function fill(row) {
  const filled = row.slice(0, 2);
  for (let at = 2; at < row.length; at += 2) {
    const [x, y, toX, toY] = row.slice(at - 2, at + 2);
    const parts = Math.ceil(Math.hypot(toX - x, toY - y) / SPACING);
    const steps = Math.min(Math.max(parts, 1), MOST_PARTS);
    for (let step = 1; step <= steps; step += 1) {
      filled.push(x + ((toX - x) * step) / steps, y + ((toY - y) * step) / steps);
    }
  }
  return filled.map((value) => Math.round(value * 100) / 100);
}

function textOf(rows) {
  const rest = rows.flatMap((row) => [row.length / 2, ...stepsOf(row)]).flatMap(septetsOf);
  const check = checkOf(rest);
  const bytes = [VERSION, check % 256, check >> 8, ...rest];
  const base64 = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytesOf(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The first point and the steps to the others, in tenths of a pixel, their signs in the lowest bit. */
function stepsOf(row) {
  const tenths = row.map((value) => Math.round(value * TENTHS));
  const steps = tenths.map((value, at) => value - (tenths[at - 2] ?? 0));
  return steps.map((step) => (step < 0 ? -2 * step - 1 : 2 * step));
}

/** The points, in pixels, of what `stepsOf` gives. */
function placesOf(steps) {
  const tenths = [];
  for (const [at, step] of steps.entries()) {
    const signed = step % 2 ? -(step + 1) / 2 : step / 2;
    tenths.push((tenths[at - 2] ?? 0) + signed);
  }
  const places = tenths.map((value) => value / TENTHS);
  if (!places.every((value) => Math.abs(value) <= FARTHEST)) throw new Error("damaged");
  return places;
}

function septetsOf(number) {
  const septets = [];
  let rest = number;
  for (; rest >= 128; rest >>= 7) septets.push((rest & 127) | 128);
  return [...septets, rest];
}

function numbersOf(bytes) {
  const numbers = [];
  let [number, shift] = [0, 0];
  for (const byte of bytes) {
    if (shift > 21) throw new Error("damaged"); // more than any step in a drawing
    number |= (byte & 127) << shift;
    shift += 7;
    if (byte < 128) {
      numbers.push(number);
      [number, shift] = [0, 0];
    }
  }
  if (shift) throw new Error("damaged");
  return numbers;
}

/** A number below 65,521 that differs where one byte does, and nearly always where more do. */
function checkOf(bytes) {
  return bytes.reduce((check, byte) => (31 * check + byte + 1) % 65521, 0);
}
