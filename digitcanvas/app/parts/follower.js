// Reruns the fragment that it stands in, once, when there is news for it: see follower.py, news.py.
//
// News comes by the live socket. Where there is none, a fragment reruns when the page is used.

import { follow } from "../bus.js";
import { connect, live } from "../tab.js";

const GAP = 50; // ms between two looks at whether the page is at rest
const LOOKS = 2; // looks in a row at which it is: between two runs, one may find it so too
const SETTLE = 500; // ms after a press or a key in which what it does itself comes first
const PAUSE = 5000; // ms between two reruns that use of the page brings about, at least

const followers = new Set();
let news = {}; // the newest version of each kind
let turn; // the timer of this tab's turn to rerun
let rested = 0; // looks in a row at which the page was at rest
let usedAt = -Infinity; // when the page was used last
let settling; // the timer after that

class Follower {
  asked = {}; // the news for which the fragment was asked to rerun last
  isDoubted = false; // whether it is to rerun although no news came

  /** The fragment has run, and shows the versions that `known` has by kind. */
  update({ data, setTriggerValue }) {
    Object.assign(this, data, { ranAt: Date.now() });
    this.rerun = () => {
      Object.assign(this, { asked: news, isDoubted: false, ranAt: Date.now() });
      setTriggerValue("news", true);
    };
  }

  isBehind(known) {
    return Object.keys(this.known).some((kind) => news[kind] > (known[kind] ?? 0));
  }

  /** Whether it has to rerun, and has not been asked to. */
  get isDue() {
    return this.isDoubted || (this.isBehind(this.known) && this.isBehind(this.asked));
  }

  /** Whether it may have missed news: there is no socket, or it was asked to rerun in vain. */
  doubt() {
    const isLost = live.blocked || (this.isBehind(this.known) && !this.isBehind(this.asked));
    this.isDoubted ||= isLost && Date.now() - this.ranAt > PAUSE;
  }
}

/** Have those rerun that are due, when it is this tab's turn: 200 at once would be a burden. */
function consider() {
  const due = [...followers].filter((follower) => follower.isDue);
  if (!due.length || document.hidden) return;
  const isFirst = due.some(({ atOnce }) => atOnce);
  if (turn && !isFirst) return;
  clearTimeout(turn);
  turn = setTimeout(rerun, isFirst ? 0 : Math.random() * (news.spread ?? 0));
}

/**
 * Rerun one after the other, each when the page is at rest.
 *
 * A message to Streamlit is for one fragment, and repeats what all widgets show: one that comes
 * while a run sets a widget would take that back.
 */
function rerun() {
  turn = undefined;
  const follower = [...followers].find((follower) => follower.isDue);
  if (!follower) return;
  const state = document.querySelector(".stApp")?.dataset.testScriptState ?? "notRunning";
  const isAtRest = state === "notRunning" && Date.now() - usedAt >= SETTLE;
  rested = isAtRest ? rested + 1 : 0;
  if (rested >= LOOKS) {
    rested = 0;
    follower.rerun();
  }
  turn = setTimeout(rerun, GAP);
}

/** Someone uses the page, or comes back to it. */
function use() {
  if (document.hidden) return;
  if (live.isIdle) live.open();
  usedAt = Date.now();
  clearTimeout(settling);
  settling = setTimeout(() => {
    for (const follower of followers) follower.doubt();
    consider();
  }, SETTLE);
}

follow("news", (value) => {
  news = value;
  consider();
});
addEventListener("pointerdown", use, { capture: true, passive: true });
addEventListener("keydown", use, { capture: true, passive: true });
document.addEventListener("visibilitychange", use);

const entries = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!entries.has(parentElement))
    entries.set(parentElement, { follower: new Follower(), calls: 0 });
  const entry = entries.get(parentElement);
  const call = ++entry.calls;
  followers.add(entry.follower);
  entry.follower.update(component);
  connect(data.live);
  consider();
  return () => {
    // Streamlit may clean up a call after it makes the next one: only the newest call counts.
    if (entry.calls === call) followers.delete(entry.follower);
  };
}
