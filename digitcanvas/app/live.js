// The live socket, browser's side (live.py is the server's): strokes out, answers and news in.
//
// One socket serves the tab, whichever page is open. Each message says what has changed in the
// drawing since the last one, and is answered before the next is sent; the server sets the pace. A
// new socket knows nothing, so its first message has all. Where no socket can be had, the same
// messages, with all of the drawing, travel by Streamlit's reruns (`emit`). Of these none is made
// because time has passed: an answer that does not come is asked for again with the next change.

const LATE = 5000; // ms after which an answer does not come any more
const LATE_LEARNING = 15000; // the same where something was told: others may be telling, too
const OPENING = 3000; // ms that a socket may take to open before reruns help out
const RERUN_PACE = 120; // ms between two messages by reruns, at least
const RETRIES = [500, 1000, 2000, 4000, 8000]; // ms before each attempt to connect again, about
const IDLE = 4000; // the server's code for a socket that nobody used
const LARGEST = 2 * 1024 * 1024; // characters of a message that the server takes, at most
const RERUN = "rerun";
const NOT_TOLD = "The connection was lost: tell it again.";
const CHANGED = "The drawing has changed since: tell it again.";
const TOO_LONG = "The drawing is too long: clear the canvas.";

export class Live {
  socket = null;
  hasAnswered = false; // whether this socket has
  isIdle = false; // whether the server closed it, as nobody had used it
  retry = null; // the timer of the next attempt to connect
  failures = 0; // sockets since the last one that has answered
  blocked = false; // whether there is no socket, and reruns have to do
  turn = 0; // the number of the last message
  sent = -Infinity; // when it was sent
  carrier = null; // what carried it, a socket or a rerun, while it has not been answered
  pace = 0; // ms between two messages while the pen is down, at least
  options = {}; // how to read: models, centred, ...; with numbers, the pen counts too
  known = {}; // what of them the server knows
  isNew = true; // whether it knows nothing of the drawing
  drawing = null;
  emit = null;
  telling = null; // what the next message tells of the drawing
  told = null; // the drawing's version of which it does
  isTelling = false; // whether the message under way told something
  rested = false; // whether the next message says that the pen is at rest
  isResting = false; // whether the message under way did
  watching = null; // the code of the room whose wall this tab shows

  /**
   * `hear` gets each answer and each news; `connect` opens a WebSocket; `isShown` says whether the
   * tab can be seen.
   */
  constructor(hear, connect, isShown = () => false, clock = performance) {
    Object.assign(this, { hear, connect, isShown, clock });
  }

  /** Pages ask for it again and again: the pause after a failure counts all the same. */
  open() {
    if (this.socket || this.retry) return;
    const socket = this.connect();
    Object.assign(this, { socket, hasAnswered: false, isIdle: false });
    this.opening = setTimeout(() => this.block(), OPENING);
    socket.onopen = () => {
      clearTimeout(this.opening);
      this.blocked = false;
      if (this.watching) this.watch(this.watching);
      this.start();
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if ("turn" in message) Object.assign(this, { hasAnswered: true, failures: 0 });
      this.receive(message);
    };
    socket.onclose = ({ code }) => this.closed(code);
  }

  closed(code) {
    clearTimeout(this.opening);
    const wasLost = this.carrier === this.socket;
    this.socket = null;
    if (!this.blocked) this.forget();
    if (code === IDLE) {
      this.isIdle = true;
      if (wasLost || this.isShown()) this.open(); // someone may only watch
      return;
    }
    const pause = RETRIES[Math.min(this.failures++, RETRIES.length - 1)];
    this.retry = setTimeout(
      () => {
        this.retry = null;
        this.open();
      },
      pause * (0.5 + Math.random()),
    );
    if (!this.hasAnswered) this.block();
  }

  block() {
    if (this.blocked) return;
    this.blocked = true;
    this.start();
  }

  /** From here on the server knows nothing, and what was under way is lost. */
  forget() {
    clearTimeout(this.timer);
    const wasTelling = this.isTelling;
    this.rested ||= this.isResting;
    const nothing = { carrier: null, isTelling: false, isResting: false };
    Object.assign(this, { ...nothing, known: {}, isNew: true });
    if (wasTelling) this.hear({ told: { error: NOT_TOLD } });
  }

  start() {
    this.forget();
    this.tell();
  }

  /** The page with this `emit` is left: a rerun that was asked for will not answer. */
  leave(emit) {
    if (this.emit !== emit) return; // another page has come meanwhile
    clearTimeout(this.timer);
    if (this.carrier === RERUN) this.forget();
    this.telling = null;
    this.drawing = null;
    this.emit = null;
  }

  /** The drawing or the options have changed. What is `final` does not wait for the pace. */
  tell(final = false) {
    this.final ||= final;
    this.next();
  }

  /** Tell something of the drawing, once: { told } or { forget }, as of live.py. */
  say(telling) {
    this.telling = telling;
    this.told = this.drawing.version;
    this.tell(true);
  }

  /** The pen is at rest: the drawing may go to the room's wall. */
  rest() {
    this.rested = true;
    this.tell(true);
  }

  /** Show the wall of the room of this code, or none. What is on it comes as news. */
  watch(code) {
    this.watching = code;
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ watch: code }));
    else if (this.isIdle) this.open();
  }

  /** Do not tell what could not be sent yet. */
  unsay(error = NOT_TOLD) {
    this.telling = null;
    this.hear({ told: { error } });
    this.next();
  }

  next() {
    clearTimeout(this.timer);
    if (!this.drawing) return;
    const since = this.clock.now() - this.sent;
    if (this.carrier) {
      if (this.carrier === RERUN && !this.hasNews) return;
      const late = this.isTelling ? LATE_LEARNING : LATE;
      this.timer = setTimeout(() => this.giveUp(), Math.max(0, late - since));
      return;
    }
    if (!this.hasNews) return;
    const pause = this.final ? 0 : this.pace - since;
    if (pause > 0) this.timer = setTimeout(() => this.next(), pause);
    else this.send();
  }

  /** Whether there is something that the server has not answered yet. */
  get isWaiting() {
    return this.carrier !== null || this.hasNews;
  }

  get hasNews() {
    const hasOptions = Object.keys(this.newOptions).length > 0;
    const hasWord = this.telling !== null || this.rested;
    return this.isNew || this.drawing.hasChanged || hasOptions || hasWord;
  }

  /** How to read it. A stroke under the pen may belong to a digit that is not there yet. */
  get asked() {
    const { numbers } = this.options;
    return numbers ? { ...this.options, down: this.drawing.isOpen } : this.options;
  }

  get newOptions() {
    const same = ([name, value]) => JSON.stringify(this.known[name]) === JSON.stringify(value);
    return Object.fromEntries(Object.entries(this.asked).filter((option) => !same(option)));
  }

  send() {
    const isOpen = this.socket?.readyState === WebSocket.OPEN;
    if (!isOpen && !(this.blocked && this.emit)) {
      if (this.isIdle) this.open();
      return;
    }
    if (this.telling && "told" in this.telling && this.told !== this.drawing.version) {
      return this.unsay(CHANGED);
    }
    if (this.isNew || !isOpen) this.drawing.forget();
    const options = isOpen ? this.newOptions : this.asked;
    this.turn += 1;
    this.sent = this.clock.now();
    const message = { turn: this.turn, ...options, ...this.drawing.changes(), ...this.telling };
    if (this.rested) message.rest = true;
    const text = JSON.stringify(message);
    this.isNew = text.length > LARGEST;
    if (this.isNew) return this.hear({ turn: this.turn, error: TOO_LONG });
    this.known = this.asked;
    this.final = false;
    Object.assign(this, { isTelling: this.telling !== null, isResting: this.rested });
    Object.assign(this, { telling: null, rested: false });
    this.carrier = isOpen ? this.socket : RERUN;
    if (isOpen) this.socket.send(text);
    else this.emit(message);
    this.next();
  }

  /** The answer does not come any more. */
  giveUp() {
    const { socket } = this;
    if (this.carrier === RERUN) return this.start();
    if (this.carrier !== socket) return;
    Object.assign(socket, { onopen: null, onmessage: null, onclose: null });
    socket.close(); // which may take long, or for ever
    this.closed();
  }

  receive(message) {
    if ("turn" in message) {
      if (message.turn !== this.turn || !this.carrier) return; // of a socket or a page before
      Object.assign(this, { carrier: null, isTelling: false, isResting: false });
      this.pace = message.pace ?? RERUN_PACE;
    }
    try {
      this.hear(message);
    } finally {
      this.next(); // whatever a painter of the page's does
    }
  }
}
