// A drawing as a picture, white on black, as the canvas shows it.

import { SIDE } from "./drawing.js";

/** Paint the strokes on a square of so many pixels. `context` is of a canvas element. */
export function paint(context, strokes, pixels) {
  context.fillStyle = "#000";
  context.fillRect(0, 0, pixels, pixels);
  Object.assign(context, { strokeStyle: "#fff", lineCap: "round", lineJoin: "round" });
  for (const { width, points } of strokes) {
    const [x, y, ...others] = points.map((value) => (value * pixels) / SIDE);
    context.lineWidth = (width * pixels) / SIDE;
    context.beginPath();
    context.moveTo(x, y);
    // As the canvas' own brush does: from the middle of one line to that of the next, in a curve
    for (let i = 0; i + 2 < others.length; i += 2) {
      const [cornerX, cornerY, nextX, nextY] = others.slice(i, i + 4);
      context.quadraticCurveTo(cornerX, cornerY, (cornerX + nextX) / 2, (cornerY + nextY) / 2);
    }
    const [endX = x, endY = y] = others.slice(-2);
    context.lineTo(endX + 0.01, endY); // else a tap would be no line, and leave nothing
    context.stroke();
  }
}
