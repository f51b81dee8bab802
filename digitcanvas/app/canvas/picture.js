// A drawing as a picture, white on black, as the canvas shows it.

import { isWide, SIDE, WIDE } from "./drawing.js";

/** Paint the strokes on a canvas element so many pixels high; it becomes wide if they are. */
export function paint(canvas, strokes, pixels) {
  Object.assign(canvas, { width: pixels * (isWide(strokes) ? WIDE : 1), height: pixels });
  const context = canvas.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, pixels);
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
