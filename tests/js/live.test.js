import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { follow, publish } from "../../digitcanvas/app/bus.js";
import { Drawing } from "../../digitcanvas/app/canvas/drawing.js";
import { Live } from "../../digitcanvas/app/live.js";

const OPENING = 3000;
const LATE = 5000;
const IDLE = 4000;

class Socket {
  static OPEN = 1;
  readyState = 0;
  sent = [];
  closed = 0;

  constructor(address) {
    this.address = address;
  }

  send(text) {
    assert.equal(this.readyState, Socket.OPEN);
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed += 1;
    this.readyState = 2;
  }

  accept() {
    this.readyState = Socket.OPEN;
    this.onopen?.();
  }

  end(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  bring(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  answer(fields = {}) {
    this.bring({ turn: this.sent.at(-1).turn, answers: [], pace: 0, ...fields });
  }
}

globalThis.WebSocket = Socket;

let sockets;
let heard;
let isShown;
let drawing;
let live;

const tick = (ms) => mock.timers.tick(ms);
const socket = () => sockets.at(-1);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 0.5); // pauses are as long as their mean
  sockets = [];
  heard = [];
  isShown = false;
  drawing = new Drawing(() => ({ getItem: () => null, setItem: () => {} }));
  const connect = () => {
    sockets.push(new Socket());
    return socket();
  };
  live = new Live(
    (message) => heard.push(message),
    connect,
    () => isShown,
    { now: () => Date.now() },
  );
  Object.assign(live, { drawing, options: { models: ["cnn"], centred: true } });
});

/** A page whose socket is open, and has had its first answer. */
function begin() {
  live.open();
  live.tell(true);
  socket().accept();
  socket().answer();
  heard.length = 0;
  socket().sent.length = 0;
}

function press(x = 0.1) {
  drawing.press([x, 0.1], 16);
  live.tell();
}

function move(...points) {
  drawing.move(points.map((x) => [x, x]));
  live.tell();
}

function lift() {
  drawing.lift();
  live.tell(true);
}

/** Where no socket can be had: what is sent by reruns. */
function byReruns() {
  const emitted = [];
  live.emit = (message) => emitted.push(structuredClone(message));
  return emitted;
}

function answerRerun(message, fields = {}) {
  live.receive({ turn: message.turn, answers: [], ...fields });
}

describe("a new socket", () => {
  test("gets all of the drawing and of the options once it is open", () => {
    press();
    move(0.2, 0.3);
    live.open();
    assert.deepEqual(socket().sent, []);
    socket().accept();
    const [message] = socket().sent;
    assert.deepEqual(message, {
      turn: 1,
      models: ["cnn"],
      centred: true,
      from: [0, 0],
      points: [[28, 28, 56, 56, 84, 84]],
      widths: [16],
    });
  });

  test("gets it again after one that was lost, whatever that one knew", () => {
    begin();
    press();
    lift();
    socket().answer();
    press();
    socket().answer();
    socket().end();
    move(0.5);
    tick(500);
    assert.equal(sockets.length, 2);
    socket().accept();
    const [message] = socket().sent;
    assert.deepEqual(message.from, [0, 0]);
    assert.equal(message.points.length, 2);
    assert.deepEqual(message.models, ["cnn"]);
  });

  test("gets it too if it was opened on another page", () => {
    begin();
    press();
    lift();
    socket().answer();
    live.leave(live.emit);
    socket().end();
    tick(500);
    socket().accept();
    assert.deepEqual(socket().sent, []);
    live.drawing = drawing;
    live.tell(true);
    assert.deepEqual(socket().sent[0].from, [0, 0]);
    assert.equal(socket().sent[0].points.length, 1);
  });

  test("gets it though nothing has changed and nothing is to be chosen", () => {
    live.options = {};
    begin();
    socket().end();
    tick(500);
    socket().accept();
    assert.deepEqual(socket().sent[0].from, [0, 0]);
  });

  test("is not opened beside another", () => {
    live.open();
    live.open();
    socket().accept();
    live.open();
    assert.equal(sockets.length, 1);
  });
});

describe("messages", () => {
  beforeEach(begin);

  test("are sent one at a time: what comes meanwhile goes with the next", () => {
    press();
    for (const x of [0.2, 0.3, 0.4]) move(x);
    lift();
    assert.equal(socket().sent.length, 1);
    socket().answer();
    assert.equal(socket().sent.length, 2);
    assert.deepEqual(socket().sent[1].points, [[56, 56, 84, 84, 112, 112]]);
    assert.deepEqual(socket().sent[1].from, [0, 1]);
    socket().answer();
    assert.equal(socket().sent.length, 2);
    assert.ok(!live.isWaiting);
  });

  test("keep the server's pace while the pen is down", () => {
    press();
    tick(10);
    socket().answer({ pace: 40 });
    move(0.2);
    tick(29);
    move(0.3);
    assert.equal(socket().sent.length, 1);
    tick(1);
    assert.equal(socket().sent.length, 2);
    assert.deepEqual(socket().sent[1].points, [[56, 56, 84, 84]]);
    socket().answer({ pace: 40 });
    tick(100);
    move(0.4); // the pause is over long since
    assert.equal(socket().sent.length, 3);
  });

  test("do not wait when they are final", () => {
    press();
    socket().answer({ pace: 1000 });
    move(0.2);
    assert.equal(socket().sent.length, 1);
    lift();
    assert.equal(socket().sent.length, 2);
  });

  test("do not wait when they are final, though another was under way", () => {
    press();
    move(0.2);
    lift();
    live.tell();
    socket().answer({ pace: 1000 });
    assert.equal(socket().sent.length, 2);
    socket().answer({ pace: 1000 });
    press(0.5);
    move(0.6);
    assert.equal(socket().sent.length, 2, "the next stroke keeps the pace again");
  });

  test("are not sent when nothing has changed", () => {
    live.tell(true);
    live.tell();
    tick(60000);
    assert.deepEqual(socket().sent, []);
    assert.ok(!live.isWaiting);
  });

  test("are not sent while no page has the drawing", () => {
    live.leave(live.emit);
    live.tell(true);
    tick(60000);
    assert.deepEqual(socket().sent, []);
  });

  test("have the options that changed, and no others", () => {
    press();
    assert.ok(!("models" in socket().sent[0] || "centred" in socket().sent[0]));
    socket().answer();
    live.options = { models: ["cnn"], centred: false };
    live.tell(true);
    assert.equal(socket().sent[1].centred, false);
    assert.ok(!("models" in socket().sent[1]));
    assert.deepEqual(socket().sent[1].from, [1, 0]);
    assert.deepEqual(socket().sent[1].points, []);
    socket().answer();
    live.options = { models: ["cnn", "mlp"], centred: false };
    live.tell(true);
    live.options = { models: ["mlp"], centred: false };
    live.tell(true);
    socket().answer();
    const [, , third, fourth] = socket().sent.map(({ models }) => models);
    assert.deepEqual([third, fourth], [["cnn", "mlp"], ["mlp"]]);
    socket().answer();
    live.options = structuredClone(live.options);
    live.tell(true);
    assert.equal(socket().sent.length, 4);
  });

  test("say whether the pen is down where numbers are read, also when nothing else has changed", () => {
    live.options = { numbers: true };
    press();
    assert.equal(socket().sent[0].down, true);
    socket().answer();
    lift();
    assert.deepEqual([socket().sent[1].down, socket().sent[1].points], [false, []]);
    socket().answer();
    live.tell(true);
    assert.equal(socket().sent.length, 2);
    live.options = { numbers: false };
    press();
    assert.ok(!("down" in socket().sent[2]));
  });

  test("longer than the server takes are an error at once, and no connection's end", () => {
    drawing.try([Array.from({ length: 400000 }, () => 123.45)], 16);
    live.tell(true);
    assert.deepEqual(socket().sent, []);
    assert.match(heard.at(-1).error, /too long: clear the canvas/);
    drawing.clear();
    live.tell(true);
    assert.deepEqual(socket().sent[0].points, []);
    assert.deepEqual(socket().sent[0].from, [0, 0]);
    socket().answer();
    assert.ok(!live.isWaiting);
  });
});

describe("an answer", () => {
  beforeEach(begin);

  test("is handed on as it is, and so is news", () => {
    press();
    socket().answer({ answers: [{ digit: 7 }] });
    socket().bring({ news: { run: 3 } });
    assert.deepEqual(heard, [{ turn: 2, answers: [{ digit: 7 }], pace: 0 }, { news: { run: 3 } }]);
    assert.ok(!live.isWaiting);
  });

  test("of another turn is ignored, as one that has come already is", () => {
    press();
    socket().answer({ turn: 1 });
    socket().answer({ turn: 3 });
    assert.deepEqual(heard, []);
    assert.ok(live.isWaiting);
    socket().answer();
    socket().answer();
    assert.equal(heard.length, 1);
  });

  test("that does not come in time ends the socket, even if nothing else happens", () => {
    press();
    lift();
    tick(LATE - 1);
    const [first] = sockets;
    assert.equal(first.closed, 0);
    tick(1);
    assert.equal(first.closed, 1);
    tick(500);
    assert.equal(sockets.length, 2, "though the first has not said that it is closed");
    first.end();
    socket().accept();
    assert.equal(socket().sent[0].points.length, 1);
    assert.deepEqual(socket().sent[0].from, [0, 0]);
    first.answer({ turn: socket().sent[0].turn }); // too late
    assert.equal(heard.length, 0);
    socket().answer();
    assert.equal(heard.length, 1);
    assert.ok(!live.isWaiting);
  });

  test("that comes just in time does not", () => {
    press();
    tick(LATE - 1);
    socket().answer();
    tick(LATE);
    assert.equal(sockets.length, 1);
    assert.equal(socket().closed, 0);
  });

  test("is waited for from when its message was sent, whatever is drawn meanwhile", () => {
    press();
    for (let i = 1; i < 50; i += 1) {
      tick(100);
      move(i / 100);
    }
    tick(100);
    assert.equal(socket().closed, 1);
  });
});

describe("a socket that is lost", () => {
  beforeEach(begin);

  test("is opened again, after pauses that grow until one answers", () => {
    const pauses = [500, 1000, 2000, 4000, 8000, 8000];
    socket().end();
    for (const pause of pauses) {
      const count = sockets.length;
      tick(pause - 1);
      assert.equal(sockets.length, count);
      tick(1);
      assert.equal(sockets.length, count + 1);
      socket().end();
    }
    tick(8000);
    socket().accept();
    socket().bring({ news: {} });
    assert.equal(live.failures, 7, "a socket that opens has not answered yet");
    socket().end();
    tick(8000);
    socket().accept();
    socket().answer();
    socket().end();
    tick(500);
    assert.equal(socket().readyState, 0);
  });

  test("is opened again at another time by each browser", () => {
    mock.method(Math, "random", () => 0);
    socket().end();
    tick(250);
    assert.equal(sockets.length, 2);
    mock.method(Math, "random", () => 0.999);
    socket().accept();
    socket().answer();
    socket().end();
    tick(749);
    assert.equal(sockets.length, 2);
    tick(1);
    assert.equal(sockets.length, 3);
  });

  test("is opened once, and no sooner, though it is asked for meanwhile", () => {
    for (const [pause, count] of [
      [500, 2],
      [1000, 3],
    ]) {
      socket().end();
      for (let ms = 0; ms < pause; ms += 1) {
        live.open();
        assert.equal(sockets.length, count - 1);
        tick(1);
      }
      live.open();
      assert.equal(sockets.length, count);
    }
    socket().accept();
    socket().answer();
    live.open();
    tick(60000);
    assert.equal(sockets.length, 3);
  });

  test("is waited for a little before reruns help out", () => {
    const emitted = byReruns();
    press();
    socket().answer();
    socket().end();
    move(0.3);
    tick(500);
    move(0.4);
    assert.deepEqual(emitted, []);
    assert.ok(!live.blocked);
    socket().accept();
    assert.equal(socket().sent[0].points[0].length, 6);
    socket().answer();
    tick(60000);
    assert.deepEqual(emitted, []);
  });

  test("is replaced by reruns if it cannot be opened again", () => {
    const emitted = byReruns();
    press();
    socket().answer();
    socket().end();
    tick(500);
    socket().end();
    assert.ok(live.blocked);
    assert.equal(emitted.length, 1);
    assert.deepEqual(emitted[0].from, [0, 0]);
    assert.equal(emitted[0].points.length, 1);
  });
});

describe("a socket that nobody used", () => {
  beforeEach(() => {
    begin();
    press();
    lift();
    socket().answer();
    socket().end(IDLE);
  });

  test("stays closed while nobody does", () => {
    const emitted = byReruns();
    tick(600000);
    assert.equal(sockets.length, 1);
    assert.deepEqual(emitted, []);
    assert.ok(!live.blocked);
  });

  test("is opened again when it is asked for", () => {
    live.open();
    socket().accept();
    assert.equal(sockets.length, 2);
    assert.equal(socket().sent[0].points.length, 1);
  });

  test("is opened again by the next stroke, once", () => {
    press(0.5);
    move(0.6);
    lift();
    assert.equal(sockets.length, 2);
    socket().accept();
    assert.equal(socket().sent[0].points.length, 2);
    assert.deepEqual(socket().sent[0].models, ["cnn"]);
    socket().answer();
    assert.ok(!live.isWaiting);
    socket().end();
    press(0.7);
    assert.equal(sockets.length, 2, "another that is lost is another matter");
  });

  test("is opened at once if a message was on its way", () => {
    press(0.5);
    socket().accept();
    socket().end(IDLE);
    assert.equal(sockets.length, 3);
    socket().accept();
    assert.equal(socket().sent[0].points.length, 2);
  });
});

describe("where no socket can be had", () => {
  let emitted;

  beforeEach(() => {
    emitted = byReruns();
    press();
    live.open();
  });

  test("reruns bring all of the drawing when the connection fails", () => {
    assert.deepEqual(emitted, []);
    socket().end();
    assert.deepEqual(emitted, [
      {
        turn: 1,
        models: ["cnn"],
        centred: true,
        from: [0, 0],
        points: [[28, 28]],
        widths: [16],
      },
    ]);
    move(0.2);
    lift();
    assert.equal(emitted.length, 1);
    answerRerun(emitted[0]);
    assert.equal(emitted.length, 2);
    assert.deepEqual(emitted[1].points, [[28, 28, 56, 56]]);
    assert.deepEqual(emitted[1].models, ["cnn"]);
    answerRerun(emitted[1]);
    assert.ok(!live.isWaiting);
    assert.deepEqual(
      heard.map(({ turn }) => turn),
      [1, 2],
    );
  });

  test("reruns bring it when the connection takes long to open", () => {
    tick(OPENING - 1);
    assert.deepEqual(emitted, []);
    tick(1);
    assert.equal(emitted.length, 1);
  });

  test("nothing is sent before a page can make reruns", () => {
    live.emit = null;
    socket().end();
    live.emit = (message) => emitted.push(message);
    live.tell(true);
    assert.equal(emitted.length, 1);
  });

  test("reruns keep a pace of their own while the pen is down", () => {
    socket().end();
    tick(10);
    answerRerun(emitted[0]);
    move(0.2);
    tick(109);
    assert.equal(emitted.length, 1);
    tick(1);
    assert.equal(emitted.length, 2);
    answerRerun(emitted[1]);
    move(0.3);
    lift();
    assert.equal(emitted.length, 3);
  });

  test("no rerun is made because time passes, or because the next attempt fails too", () => {
    socket().end();
    for (let i = 0; i < 20; i += 1) {
      tick(12000);
      socket().end();
    }
    assert.ok(sockets.length > 15);
    assert.equal(emitted.length, 1, "though it was never answered");
    answerRerun(emitted[0]);
    for (let i = 0; i < 20; i += 1) {
      tick(12000);
      socket().end();
    }
    assert.equal(emitted.length, 1);
    assert.ok(!live.isWaiting);
  });

  test("a rerun that was lost is made again with what is drawn next", () => {
    socket().end();
    tick(LATE);
    move(0.2);
    tick(0);
    assert.equal(emitted.length, 2);
    assert.deepEqual(emitted[1].points, [[28, 28, 56, 56]]);
    answerRerun(emitted[0], { answers: [1] }); // out of date
    assert.deepEqual(heard, []);
    answerRerun(emitted[1]);
    assert.equal(heard.length, 1);
  });

  test("what is drawn soon after a rerun that was lost waits until that is sure", () => {
    socket().end();
    tick(1000);
    move(0.2);
    tick(LATE - 1001);
    assert.equal(emitted.length, 1);
    tick(1);
    assert.equal(emitted.length, 2);
  });

  test("a rerun that its page cannot answer any more is not waited for", () => {
    socket().end();
    live.leave(live.emit);
    assert.equal(live.carrier, null);
    Object.assign(live, { drawing, emit: (message) => emitted.push(message) });
    live.tell(true);
    assert.equal(emitted.length, 2);
  });

  test("a socket that opens at last takes over", () => {
    socket().end();
    tick(500);
    socket().accept();
    assert.ok(!live.blocked);
    const [message] = socket().sent;
    assert.equal(message.points.length, 1);
    answerRerun(emitted[0]);
    assert.deepEqual(heard, []);
    socket().answer();
    move(0.2);
    assert.equal(socket().sent.length, 2);
    assert.equal(emitted.length, 1);
  });

  test("one that opens and is closed before it answers is none", () => {
    tick(OPENING);
    answerRerun(emitted[0]);
    socket().accept();
    socket().end(1013);
    assert.ok(live.blocked);
    tick(120);
    assert.equal(emitted.length, 2);
    answerRerun(emitted[1]);
    assert.ok(!live.isWaiting);
    tick(380);
    assert.equal(sockets.length, 2);
  });
});

test("whatever happens to drawing, sockets and answers, the last answer is of all there is", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    let state = seed * 2654435761;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 4294967296;
    };
    const servers = new Map(); // a drawing for each socket
    const emitted = byReruns();
    drawing = new Drawing(() => ({ getItem: () => null, setItem: () => {} }));
    sockets.length = heard.length = 0;
    const connect = () => {
      sockets.push(new Socket());
      servers.set(socket(), { strokes: [], read: 0 });
      return socket();
    };
    live = new Live(
      (message) => heard.push(message),
      connect,
      () => isShown,
      { now: () => Date.now() },
    );
    Object.assign(live, { drawing, emit: (message) => emitted.push(structuredClone(message)) });
    live.options = { centred: true };
    live.open();
    live.tell(true);
    const take = (server, { from: [first, point], points }) => {
      assert.ok(first <= server.strokes.length);
      const kept = (server.strokes[first] ?? []).slice(0, 2 * point);
      assert.equal(kept.length, 2 * point);
      if (points.length) points[0] = [...kept, ...points[0]];
      else assert.equal(point, 0);
      server.strokes.splice(first, 9999, ...points);
      return JSON.stringify(server.strokes);
    };
    const serve = (isLost) => {
      const server = servers.get(socket());
      if (socket().readyState === Socket.OPEN && server.read < socket().sent.length) {
        assert.equal(server.read, socket().sent.length - 1, "one message under way");
        const message = socket().sent[server.read];
        server.read += 1;
        const seen = take(server, message);
        if (!isLost) socket().bring({ turn: message.turn, seen, pace: 10 });
      }
      const message = emitted.shift();
      if (!message) return;
      assert.deepEqual(message.from, [0, 0]);
      const seen = take({ strokes: [] }, message);
      if (!isLost) live.receive({ turn: message.turn, seen });
    };
    const actions = [
      () => press(random()),
      () => move(random(), random()),
      () => move(random()),
      lift,
      () => {
        drawing.undo();
        live.tell(true);
      },
      () => {
        drawing.redo();
        live.tell(true);
      },
      () => {
        if (random() > 0.3) return;
        drawing.clear();
        live.tell(true);
      },
      () => {
        live.options = { centred: random() < 0.5 };
        live.tell(true);
      },
      () => tick(Math.floor(random() * 200)),
      () => random() < 0.2 && tick(6000),
      () => socket().readyState === 0 && socket().accept(),
      () =>
        random() < 0.2 &&
        socket().readyState < 3 &&
        socket().end([1006, IDLE, 1013][Math.floor(random() * 3)]),
      () => serve(random() < 0.1),
      () => serve(false),
      () => {
        if (random() > 0.2) return;
        live.leave(live.emit);
        tick(1000);
        Object.assign(live, { drawing, emit: (message) => emitted.push(structuredClone(message)) });
        live.open();
        live.tell(true);
      },
    ];
    for (let step = 0; step < 120; step += 1) actions[Math.floor(random() * actions.length)]();
    drawing.press([0.123, 0.5], 16); // a last stroke, and from here on all goes well
    drawing.lift();
    live.tell(true);
    for (let turn = 0; turn < 40; turn += 1) {
      if (socket().readyState === 0) socket().accept();
      serve(false);
      tick(1000);
    }
    const all = JSON.stringify(drawing.strokes.map(({ points }) => points));
    assert.equal(heard.at(-1).seen, all, `seed ${seed}`);
    assert.ok(!live.isWaiting);
  }
});

describe("a topic of the page", () => {
  test("brings who follows it its newest value, and each new one, until that ends", () => {
    publish("weather", "rain");
    const seen = [];
    const end = follow("weather", (value) => seen.push(value));
    const others = [];
    follow("weather", (value) => others.push(value));
    publish("weather", "sun");
    publish("news", "none");
    end();
    end();
    publish("weather", "snow");
    assert.deepEqual(seen, ["rain", "sun"]);
    assert.deepEqual(others, ["rain", "sun", "snow"]);
  });

  test("brings nothing before there is a value, and also one that is false", () => {
    const seen = [];
    follow("wind", (value) => seen.push(value));
    assert.deepEqual(seen, []);
    publish("wind", 0);
    follow("wind", (value) => seen.push(value));
    assert.deepEqual(seen, [0, 0]);
  });

  test("may lose a follower while it is published", () => {
    const seen = [];
    const ends = [1, 2, 3].map((number) =>
      follow("storm", () => {
        seen.push(number);
        for (const end of ends) end();
      }),
    );
    publish("storm", true);
    publish("storm", true);
    assert.deepEqual(seen, [1, 2, 3]);
  });
});

describe("a tab", () => {
  test("has a socket beside the page, and its topics, though its storage is forbidden", async () => {
    Object.defineProperty(globalThis, "sessionStorage", {
      get: () => {
        throw new Error("SecurityError");
      },
    });
    globalThis.document = { baseURI: "https://example.org/digits/train" };
    const opened = [];
    globalThis.WebSocket = class extends Socket {
      constructor(address) {
        super(address);
        opened.push(this);
      }
    };
    const tab = await import("../../digitcanvas/app/tab.js");
    const topics = [];
    for (const topic of ["reply", "news", "run"]) {
      follow(topic, (value) => topics.push([topic, value]));
    }
    topics.length = 0;
    tab.connect("live");
    tab.connect("live");
    assert.deepEqual(
      opened.map(({ address }) => `${address}`),
      ["wss://example.org/digits/live"],
    );
    tab.live.drawing = tab.drawing;
    opened[0].accept();
    opened[0].answer({ answers: [1] });
    opened[0].bring({ news: { run: 1 }, run: null });
    assert.deepEqual(topics, [
      ["reply", { turn: 1, answers: [1], pace: 0 }],
      ["news", { run: 1 }],
      ["run", null],
    ]);
    assert.deepEqual(tab.drawing.strokes, []);
  });
});

test("an answer that is lost with its socket does not end the next one", () => {
  begin();
  press();
  tick(4600);
  socket().end();
  tick(250); // half of the pause, twice as long at most
  tick(250);
  assert.equal(sockets.length, 2);
  tick(1000);
  assert.equal(socket().closed, 0);
  socket().accept();
  assert.deepEqual(socket().sent[0].from, [0, 0]);
});

test("a painter that fails does not keep the next message back", () => {
  begin();
  press();
  live.hear = () => {
    throw new Error("painter");
  };
  move([0.5, 0.5]);
  assert.throws(() => socket().answer(), /painter/);
  assert.equal(socket().sent.length, 2);
});

test("what is told goes with the next message, once, and does not wait for the pace", () => {
  begin();
  press();
  socket().answer({ pace: 1000 });
  live.say({ told: 7 });
  assert.equal(socket().sent.at(-1).told, 7);
  assert.equal(live.isWaiting, true);
  const before = socket().sent.length;
  move([0.5, 0.5]);
  socket().answer();
  assert.equal(socket().sent.length, before + 1);
  assert.equal("told" in socket().sent.at(-1), false);
});

test("whoever told something learns that the connection was lost before it was kept", () => {
  begin();
  press();
  socket().answer();
  live.say({ told: 7 });
  const heard = [];
  live.hear = (message) => heard.push(message);
  socket().end();
  assert.match(heard[0].told.error, /tell it again/);
  socket().end?.();
  assert.equal(heard.length, 1);
});

test("what was told and answered is not lost with the socket", () => {
  begin();
  press();
  socket().answer();
  live.say({ told: 7 });
  socket().answer({ told: { drawing: 1 } });
  const heard = [];
  live.hear = (message) => heard.push(message);
  socket().end();
  assert.deepEqual(heard, []);
});

describe("a drawing in a room", () => {
  test("is said to be at rest once, by a message of its own", () => {
    begin();
    press();
    lift();
    socket().answer();
    live.rest();
    assert.deepEqual(socket().sent.at(-1).rest, true);
    socket().answer();
    press();
    assert.equal(socket().sent.at(-1).rest, undefined);
  });

  test("waits for the answer before, and is said to be at rest again if that is lost", () => {
    begin();
    press();
    live.rest();
    assert.equal(socket().sent.length, 1);
    socket().answer();
    assert.equal(socket().sent.at(-1).rest, true);
    socket().end();
    tick(500);
    socket().accept();
    assert.equal(socket().sent[0].rest, true);
    socket().answer();
    assert.ok(!live.isWaiting);
  });
});

describe("a wall", () => {
  const watched = () => socket().sent.filter((message) => "watch" in message);

  test("is asked for by each socket, before the drawing, and waits for no answer", () => {
    live.watch("BCDFG");
    live.open();
    live.tell();
    socket().accept();
    assert.deepEqual(socket().sent[0], { watch: "BCDFG" });
    assert.equal(socket().sent[1].turn, 1);
    socket().end(IDLE);
    live.watch("QQQQQ");
    socket().accept();
    assert.deepEqual(watched(), [{ watch: "QQQQQ" }]);
    live.watch(null);
    assert.deepEqual(watched().at(-1), { watch: null });
  });

  test("is heard of without a turn", () => {
    begin();
    press();
    socket().bring({ wall: { code: "BCDFG" } });
    assert.deepEqual(heard, [{ wall: { code: "BCDFG" } }]);
    assert.ok(live.isWaiting);
  });
});

test("what was told of another drawing than the one at hand is not sent", () => {
  begin();
  press();
  socket().answer();
  socket().end();
  live.say({ told: 7 });
  const heard = [];
  live.hear = (message) => heard.push(message);
  move([0.4, 0.6]);
  tick(1000);
  socket().accept();
  assert.match(heard[0].told.error, /has changed/);
  assert.equal("told" in socket().sent.at(-1), false);
  assert.equal(socket().sent.length, 1);
});

test("what was told of the drawing at hand is sent when there is a socket again", () => {
  begin();
  press();
  socket().answer();
  socket().end();
  live.say({ told: 7 });
  tick(1000);
  socket().accept();
  assert.equal(socket().sent.at(-1).told, 7);
});
