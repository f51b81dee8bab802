// What a browser's tab has one of, whichever page is open: its drawing, the list of those before it,
// and its live socket.

import { publish } from "./bus.js";
import { Drawing } from "./canvas/drawing.js";
import { Mine } from "./canvas/mine.js";
import { Live } from "./live.js";

export const mine = new Mine(() => sessionStorage);

export const drawing = new Drawing(
  () => sessionStorage,
  (strokes, version) => mine.add(strokes, version),
);

let address;

export const live = new Live(
  (message) => {
    for (const [topic, value] of Object.entries(topicsOf(message))) publish(topic, value);
  },
  () => new WebSocket(address),
  () => !document.hidden,
);

/** An answer is one topic; news may be of several. */
function topicsOf(message) {
  return "turn" in message ? { reply: message } : message;
}

/** Open the live socket at this address, relative to the app's root, unless it is open. */
export function connect(path) {
  address = new URL(path, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  live.open();
}
