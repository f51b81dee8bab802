// Ten digits to try without drawing, also by keyboard alone: strokes of points on a canvas of 280
// pixels.

function arc([x, y], [across, down], from, to) {
  return Array.from({ length: 30 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 29) * Math.PI) / 180;
    return [x + across * Math.cos(angle), y + down * Math.sin(angle)];
  });
}

const SAMPLES = [
  [arc([140, 140], [58, 86], -80, 285)],
  [line([112, 98], [148, 56], [142, 226])],
  [[...arc([138, 104], [50, 48], -165, 45), ...line([88, 216], [206, 208])]],
  [[...arc([132, 98], [50, 42], -150, 88), ...arc([134, 182], [58, 44], -88, 150)]],
  [line([132, 56], [80, 162], [210, 156]), line([172, 96], [164, 232])],
  [
    [...line([106, 66], [98, 132]), ...arc([130, 172], [58, 50], -125, 150)],
    line([106, 66], [194, 60]),
  ],
  [[...line([172, 54], [112, 128]), ...arc([140, 178], [46, 46], -165, 195)]],
  [line([78, 68], [202, 66], [152, 150], [126, 228])],
  [[...arc([140, 102], [40, 40], -60, -280), ...arc([142, 186], [48, 44], -100, 265)]],
  [[...arc([138, 104], [44, 44], 0, -345), ...line([180, 108], [178, 160], [160, 232])]],
];

function line(...points) {
  return points.slice(1).flatMap(([x, y], index) => {
    const [left, top] = points[index];
    const steps = Math.ceil(Math.hypot(x - left, y - top) / 6);
    return Array.from({ length: steps + 1 }, (_, step) => [
      left + ((x - left) * step) / steps,
      top + ((y - top) * step) / steps,
    ]);
  });
}

/** The strokes of a digit, each x, y, x, y, ... in canvas pixels. */
export function sampleOf(digit) {
  return SAMPLES[digit].map((stroke) =>
    stroke.flat().map((value) => Math.round(value * 100) / 100),
  );
}
