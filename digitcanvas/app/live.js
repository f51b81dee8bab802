// The live socket, browser's side (live.py is the server's): strokes out, answers and news in.
//
// One socket serves the tab, whichever page is open. Each message says what has changed in the
// drawing since the last one, and is answered before the next is sent; the server sets the pace. A
// new socket knows nothing, so its first message has all. Where no socket can be had, the same
// messages, with all of the drawing, travel by Streamlit's reruns (`emit`).

const LATE = 5000; // ms after which an answer does not come any more
const OPENING = 3000; // ms that a socket may take to open before reruns help out
const RERUN_PACE = 120; // ms between two messages by reruns, at least
const RETRIES = [500, 1000, 2000, 4000, 8000]; // ms before each attempt to connect again, about
const IDLE = 4000; // the server's code for a socket that nobody used

export class Live {
  socket = null;
  failures = 0; // attempts to connect since the last that succeeded
  blocked = false; // whether there is no socket, and reruns have to do
  turn = 0; // the number of the last message
  sent = -Infinity; // when it was sent
  underWay = false; // whether it still has to be answered
  pace = 0; // ms between two messages while the pen is down, at least
  options = {}; // how to read: models, centred, ...
  known = {}; // what of them the server knows
  drawing = null;
  emit = null;

  /** `hear` gets each answer and each news; `connect` opens a WebSocket. */
  constructor(hear, connect, clock = performance) {
    Object.assign(this, { hear, connect, clock });
  }

  open() {
    if (this.socket) return;
    clearTimeout(this.retry);
    const socket = this.connect();
    this.socket = socket;
    this.opening = setTimeout(() => this.block(), OPENING);
    socket.onopen = () => {
      clearTimeout(this.opening);
      this.failures = 0;
      this.blocked = false;
      this.start();
    };
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    socket.onclose = ({ code }) => {
      clearTimeout(this.opening);
      this.socket = null;
      if (code === IDLE) return;
      const pause = RETRIES[Math.min(this.failures++, RETRIES.length - 1)];
      this.retry = setTimeout(() => this.open(), pause * (0.5 + Math.random()));
      this.block();
    };
  }

  block() {
    this.blocked = true;
    this.start();
  }

  /** From here on the server knows nothing. */
  start() {
    this.known = {};
    this.underWay = false;
    this.drawing?.forget();
    this.tell();
  }

  /** The drawing or the options have changed. What is `final` does not wait for the pace. */
  tell(final = false) {
    this.final ||= final;
    this.next();
  }

  next() {
    clearTimeout(this.timer);
    if (!this.drawing || !this.hasNews) return;
    const since = this.clock.now() - this.sent;
    if (this.underWay) {
      this.timer = setTimeout(() => this.giveUp(), Math.max(0, LATE - since));
      return;
    }
    const pause = this.final ? 0 : this.pace - since;
    if (pause > 0) this.timer = setTimeout(() => this.next(), pause);
    else this.send();
  }

  /** Whether there is something that the server has not answered yet. */
  get isWaiting() {
    return this.underWay || this.hasNews;
  }

  get hasNews() {
    return this.drawing.hasChanged || Object.keys(this.newOptions).length > 0;
  }

  get newOptions() {
    const same = ([name, value]) => JSON.stringify(this.known[name]) === JSON.stringify(value);
    return Object.fromEntries(Object.entries(this.options).filter((option) => !same(option)));
  }

  send() {
    const isOpen = this.socket?.readyState === WebSocket.OPEN;
    if (!isOpen && !(this.blocked && this.emit)) return;
    if (!isOpen) this.drawing.forget();
    const options = isOpen ? this.newOptions : this.options;
    this.known = { ...this.options };
    this.final = false;
    this.turn += 1;
    this.sent = this.clock.now();
    this.underWay = true;
    const message = { turn: this.turn, ...options, ...this.drawing.changes() };
    if (isOpen) this.socket.send(JSON.stringify(message));
    else this.emit(message);
    this.next();
  }

  giveUp() {
    this.underWay = false;
    if (this.socket) this.socket.close();
    else this.start();
  }

  receive(message) {
    if ("turn" in message) {
      if (message.turn !== this.turn || !this.underWay) return; // of a socket or a page before
      this.underWay = false;
      this.pace = message.pace ?? RERUN_PACE;
    }
    this.hear(message);
    this.next();
  }
}
