import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pack, thin, unpack } from "../../digitcanvas/app/canvas/packing.js";
import { sampleOf } from "../../digitcanvas/app/canvas/samples.js";

const ROOM = 1900;

/** Numbers from 0 to 1, the same ones for the same seed. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A stroke as a hand makes it: steps of a few pixels that turn by and by. */
function wander(random, count) {
  let [x, y, angle] = [random() * 280, random() * 280, random() * 7];
  const row = [];
  for (let at = 0; at < count; at += 1) {
    row.push(Math.round(x * 100) / 100, Math.round(y * 100) / 100);
    angle += random() - 0.5;
    x += 3 * Math.cos(angle);
    y += 3 * Math.sin(angle);
  }
  return row;
}

function pointsOf(row) {
  return Array.from({ length: row.length / 2 }, (_, at) => row.slice(2 * at, 2 * at + 2));
}

/** How far the points of a row are from the lines of another, at most. */
function distance(row, other) {
  const corners = pointsOf(other);
  const lines = corners.slice(1).map((end, at) => [corners[at], end]);
  if (!lines.length) lines.push([corners[0], corners[0]]);
  return Math.max(
    ...pointsOf(row).map((point) => Math.min(...lines.map((line) => fromLine(point, line)))),
  );
}

function fromLine([x, y], [[startX, startY], [endX, endY]]) {
  const [across, down] = [endX - startX, endY - startY];
  const square = across * across + down * down;
  const share = square ? ((x - startX) * across + (y - startY) * down) / square : 0;
  const along = Math.min(1, Math.max(0, share));
  return Math.hypot(x - startX - along * across, y - startY - along * down);
}

function extentOf(rows) {
  const spans = [0, 1].map((axis) => {
    const values = rows.flatMap((row) => row.filter((_, at) => at % 2 === axis));
    return Math.max(...values) - Math.min(...values);
  });
  return Math.max(...spans);
}

function assertNear(rows, others, tolerance) {
  assert.equal(rows.length, others.length);
  for (const [at, row] of rows.entries()) {
    assert.ok(distance(row, others[at]) <= tolerance, `stroke ${at}`);
    assert.ok(distance(others[at], row) <= tolerance, `stroke ${at}`);
  }
}

describe("a thinned stroke", () => {
  test("has the corners alone", () => {
    assert.deepEqual(thin([0, 0, 10, 0, 20, 0, 20, 5, 20, 30], 0.1), [0, 0, 20, 0, 20, 30]);
    assert.deepEqual(thin([0, 0, 10, 3, 20, 0], 2), [0, 0, 10, 3, 20, 0]);
    assert.deepEqual(thin([0, 0, 10, 3, 20, 0], 4), [0, 0, 20, 0]);
  });

  test("keeps a way there and back, and a loop that ends where it began", () => {
    assert.deepEqual(thin([0, 0, 50, 0, 100, 0, 50, 0, 0, 0], 1), [0, 0, 100, 0, 0, 0]);
    assert.deepEqual(thin([0, 0, 9, 0, 9, 9, 0, 0], 1), [0, 0, 9, 0, 9, 9, 0, 0]);
  });

  test("of one point is that point", () => {
    assert.deepEqual(thin([3, 4], 1), [3, 4]);
    assert.deepEqual(thin([3, 4, 3, 4], 1), [3, 4, 3, 4]);
  });

  test("stays within the tolerance, and has fewer points the larger that is", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const row = wander(chance(seed), 200);
      const lengths = [0, 0.5, 2, 8].map((tolerance) => {
        const thinned = thin(row, tolerance);
        assert.ok(distance(row, thinned) <= tolerance + 1e-9);
        return thinned.length;
      });
      assert.deepEqual(
        lengths,
        lengths.toSorted((a, b) => b - a),
      );
      assert.ok(lengths[3] < lengths[0] / 4);
    }
  });
});

describe("a packed drawing", () => {
  test("is unpacked to the same lines, with points as close as a pen's", () => {
    for (let digit = 0; digit < 10; digit += 1) {
      const rows = sampleOf(digit);
      const text = pack(rows, ROOM);
      assert.ok(text.length < 350, `${digit}: ${text.length} characters`);
      assert.match(text, /^[A-Za-z0-9_-]+$/);
      const unpacked = unpack(text);
      assertNear(rows, unpacked, 0.6);
      for (const points of unpacked.map(pointsOf)) {
        for (const [at, [x, y]] of points.slice(1).entries()) {
          assert.ok(Math.hypot(x - points[at][0], y - points[at][1]) < 6.2);
        }
      }
    }
  });

  test("may be a tap, far off the canvas, or tiny", () => {
    for (const rows of [
      [[140, 140]],
      [[1, 2, 1, 2]],
      [[-280, 600, 3000.1, -2999.9]],
      [[0, 0]],
      [
        [100, 100, 104, 100],
        [102, 98, 102, 103.5],
      ],
    ]) {
      assertNear(unpack(pack(rows, ROOM)), rows, Math.max(0.1, extentOf(rows) / 300));
    }
  });

  test("is thinned until there is room for it", () => {
    const random = chance(3);
    const rows = Array.from({ length: 6 }, () => wander(random, 1500));
    const lengths = [4000, 2500, 1900].map((room) => {
      const text = pack(rows, room);
      assert.ok(text.length <= room);
      assertNear(rows, unpack(text), extentOf(rows) / 20);
      return text.length;
    });
    assert.ok(lengths[2] > 1000, "no more than needed");
  });

  test("is none where it would be another drawing, or has no place on a screen", () => {
    const random = chance(4);
    const many = Array.from({ length: 450 }, () => wander(random, 20));
    assert.equal(pack(many, ROOM), null);
    assert.equal(pack([[1, 2, Number.NaN, 4]], ROOM), null);
    assert.equal(pack([[1, 2, 1e9, 4]], ROOM), null);
    assert.equal(pack([[1, 2]], 3), null);
  });

  test("comes back whatever was drawn", () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const random = chance(seed);
      const rows = Array.from({ length: 1 + Math.floor(random() * 5) }, () =>
        wander(random, 1 + Math.floor(random() * 120)),
      );
      const text = pack(rows, ROOM);
      assertNear(unpack(text), rows, 3);
      assert.equal(pack(unpack(text), ROOM)?.length <= ROOM, true);
    }
  });

  test("of a long scribble takes no long time", () => {
    const rows = [wander(chance(5), 20_000)];
    const start = performance.now();
    pack(rows, ROOM);
    assert.ok(performance.now() - start < 3000);
  });
});

describe("a text that is no drawing", () => {
  const text = pack(sampleOf(8), ROOM);

  test("is refused where one character of a drawing is another, or is missing", () => {
    for (let at = 0; at < text.length; at += 1) {
      const others = [...text];
      others[at] = others[at] === "A" ? "B" : "A";
      const last = at === text.length - 1; // whose lowest bits may say nothing
      if (!last) assert.throws(() => unpack(others.join("")), undefined, `at ${at}`);
      assert.throws(() => unpack(text.slice(0, at)), undefined, `of ${at}`);
      assert.throws(() => unpack(text.slice(0, at) + text.slice(at + 1)), undefined, `no ${at}`);
    }
  });

  test("is refused where something was added", () => {
    for (const more of ["A", "AA", "AAAA", ".", "%20", "é", "&drawing=1", text]) {
      assert.throws(() => unpack(text + more), undefined, more);
      assert.throws(() => unpack(more + text), undefined, more);
    }
  });

  test("is refused whatever it is", () => {
    const random = chance(6);
    const letters = "ABCXYZabcxyz0189-_+/=%<>\"'&;. \n\u0000é\u{1f600}";
    for (let tried = 0; tried < 2000; tried += 1) {
      const length = Math.floor(random() * 60);
      const guess = Array.from({ length }, () => letters[Math.floor(random() * letters.length)]);
      assert.throws(() => unpack(guess.join("")));
    }
    for (const none of ["", "null", "[]", "<script>alert(1)</script>", "A".repeat(1e6)]) {
      assert.throws(() => unpack(none));
    }
  });

  /** Bytes as a text with the right version and the right check, as a liar would make it. */
  function forge(bytes) {
    const check = bytes.reduce((sum, byte) => (31 * sum + byte + 1) % 65521, 0);
    return Buffer.from([1, check % 256, check >> 8, ...bytes]).toString("base64url");
  }

  test("is refused if its bytes are none, though its check is right", () => {
    assert.deepEqual(unpack(forge([1, 20, 40])), [[1, 2]]);
    for (const bytes of [
      [],
      [0],
      [1],
      [1, 20],
      [2, 20, 40, 2],
      [1, 20, 40, 0],
      [1, 20, 128],
      [1, 20, 40, 128],
      [255, 255, 255, 255, 255, 15, 20, 40],
      [1, 255, 255, 255, 127, 0],
      [1, 128, 128, 128, 128, 128, 1, 0],
    ]) {
      assert.throws(() => unpack(forge(bytes)), undefined, `${bytes}`);
    }
  });

  test("is refused if it is longer than any link", () => {
    const taps = (count) => forge(Array.from({ length: count }, () => [1, 20, 40]).flat());
    assert.equal(unpack(taps(900)).length, 900);
    assert.throws(() => unpack(taps(1100)));
  });

  test("cannot make the page draw for ever", () => {
    const far = [254, 255, 5]; // 4,915 pixels across, and back
    const back = [255, 255, 5];
    const points = 450;
    const bytes = [
      194,
      3,
      ...Array.from({ length: points }, (_, at) => (at % 2 ? [...back, 0] : [...far, 0])),
    ];
    const [row] = unpack(forge(bytes.flat()));
    assert.ok(row.length / 2 > points && row.length / 2 < 20_000);
  });
});
