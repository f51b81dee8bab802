// A pen on a surface: whatever the browser reports of pointers becomes press, move, lift, in turn.
//
// state | event                                                      | report     | next
// ------+------------------------------------------------------------+------------+------
// up    | a first pointer's main button is pressed on the surface    | press      | down
// down  | the same pointer moves, its button held                    | move       | down
// down  | it moves and its button is not held: the lift was lost     | lift       | up
// down  | it is lifted, or cancelled (a call, an edge swipe)         | lift       | up
// down  | its capture is lost, and cannot be had again               | lift       | up
// down  | the window loses the focus; the page or the surface is     | lift       | up
//       | hidden or left                                             |            |
// down  | it is pressed again on the surface: the lift was lost      | lift, press| down
// down  | it is pressed again elsewhere: the lift was lost           | lift       | up
// down  | a stylus is pressed on the surface beside a finger         | lift, press| down
// any   | another button, another pointer, or anything else          | nothing    | same
//
// The pen captures its pointer, so that it hears of the lift wherever that is. The surface itself
// never sees the browser's events of mice and touches (`shield`): it gets its strokes from us.

const SHIELDED = [
  "mousedown",
  "mousemove",
  "mouseup",
  "click",
  "dblclick",
  "touchstart",
  "touchmove",
  "touchend",
  "touchcancel",
];

export class Pen {
  pointer = null; // the id of the pointer that is down
  kind = ""; // a mouse, a pen or a touch
  surface = null; // the element that it was pressed on
  listening = new AbortController();

  /** `surfaceUnder(event)` gives the element that an event draws on, or null. */
  constructor(surfaceUnder, { press, move, lift }) {
    Object.assign(this, { surfaceUnder, press, move, lift });
    const options = { capture: true, passive: false, signal: this.listening.signal };
    const on = (target, types, listener) => {
      for (const type of types) target.addEventListener(type, listener, options);
    };
    on(window, ["pointerdown"], this.down);
    on(window, ["pointermove"], this.moved);
    on(window, ["pointerup", "pointercancel"], this.up);
    on(window, ["lostpointercapture"], this.lost);
    on(window, ["contextmenu"], this.refuse);
    on(window, ["blur", "pagehide"], this.left);
    on(document, ["visibilitychange"], this.end);
    on(window, SHIELDED, this.shield);
  }

  get isDown() {
    return this.pointer !== null;
  }

  down = (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    const { pointerId: pointer, pointerType: kind } = event;
    if (this.isDown && kind !== this.kind && kind !== "pen") return; // a palm beside the stylus
    this.end();
    const surface = this.surfaceUnder(event);
    if (!surface) return;
    Object.assign(this, { pointer, kind, surface });
    this.capture();
    this.press(pointOf(event, surface));
  };

  /** Gives whether it succeeded: it does not once the pointer or the surface is gone. */
  capture() {
    try {
      this.surface.setPointerCapture(this.pointer);
      return true;
    } catch {
      return false;
    }
  }

  lost = (event) => {
    if (event.pointerId === this.pointer && !this.capture()) this.end();
  };

  /** The second button of a mouse, or a pen's, would open a menu over the stroke. */
  refuse = (event) => {
    if (this.isDown) event.preventDefault();
  };

  moved = (event) => {
    if (event.pointerId !== this.pointer) return;
    if (!(event.buttons & 1) || !isShown(this.surface)) return this.end();
    const events = event.getCoalescedEvents?.() ?? [];
    this.move((events.length ? events : [event]).map((each) => pointOf(each, this.surface)));
  };

  up = (event) => {
    if (event.pointerId !== this.pointer) return;
    // Where the pen was lifted it may never have moved to: a fast hand, a coarse browser.
    if (event.type === "pointerup" && isShown(this.surface)) {
      this.move([pointOf(event, this.surface)]);
    }
    this.end();
  };

  end = () => {
    if (!this.isDown) return;
    const { pointer, surface } = this;
    this.pointer = null;
    if (surface.hasPointerCapture?.(pointer)) surface.releasePointerCapture(pointer);
    this.lift();
  };

  left = (event) => {
    if (event.target === window || event.type === "pagehide") this.end(); // not a button's blur
  };

  shield = (event) => {
    if (event.isTrusted && (this.isDown || this.surfaceUnder(event))) {
      event.stopImmediatePropagation();
      // Else the browser takes a quick stroke for a fling, and the next tap for the end of it
      if (event.type.startsWith("touch") && event.cancelable) event.preventDefault();
    }
  };

  stop() {
    this.end();
    this.listening.abort();
  }
}

function isShown(surface) {
  return surface.getBoundingClientRect().width > 0;
}

/** Where an event is on a surface: x and y as shares of its width and height. */
export function pointOf({ clientX, clientY }, surface) {
  const box = surface.getBoundingClientRect();
  return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
}
