import assert from "node:assert/strict";
import { test } from "node:test";
import show, { linkTo, remember } from "../../digitcanvas/app/link.js";

const APP = "http://localhost:8501/classes/data?embed=true&model=mlp";

class Storage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => this.delete(key);
}

test("a link has what is not as usual, and keeps what others put there", () => {
  const usual = linkTo(APP, { model: null, compare: null });
  assert.equal(usual, "http://localhost:8501/classes/data?embed=true");
  const link = linkTo(APP, { model: "mine", hidden: "64, 32" });
  const { searchParams } = new URL(link);
  assert.deepEqual(
    ["embed", "model", "hidden"].map((key) => searchParams.get(key)),
    ["true", "mine", "64, 32"],
  );
});

test("a tab that is reloaded tells which run it waited for, once", () => {
  const storage = new Storage();
  assert.equal(remember(storage, null, true), null);
  assert.equal(remember(storage, "a1", false), null);
  assert.equal(remember(storage, null, true), "a1");
  assert.equal(remember(storage, "a1", false), null);
  assert.equal(remember(storage, null, false), null);
  assert.equal(remember(storage, null, true), null);
});

test("the page's address follows the newest run of the page alone", () => {
  const written = [];
  globalThis.location = new URL("http://localhost:8501/");
  globalThis.history = {
    state: "Streamlit's",
    replaceState(state, _, address) {
      assert.equal(state, "Streamlit's");
      globalThis.location = new URL(address);
      written.push(address);
    },
  };
  const call = (model, turn) => show({ data: { query: { model }, turn } });
  call("mlp", 2);
  call("mlp", 3); // as it is
  call("mine", 1); // an older call, made again
  call(null, 4);
  assert.deepEqual(written, ["http://localhost:8501/?model=mlp", "http://localhost:8501/"]);
});

test("where a browser allows no storage, the link is written all the same", () => {
  globalThis.location = new URL("http://localhost:8501/");
  show({ data: { query: { logits: "true" }, turn: 5, run: null, isNew: true } });
  assert.equal(location.href, "http://localhost:8501/?logits=true");
});

test("a new session is told of the run, and an old one is not", () => {
  globalThis.sessionStorage = new Storage();
  const told = [];
  const call = (turn, run, isNew) =>
    show({
      data: { query: {}, turn, run, isNew },
      setTriggerValue: (name, value) => told.push([name, value]),
    });
  call(6, "a1", false);
  call(7, "a1", false);
  assert.deepEqual(told, []);
  call(8, null, true);
  assert.deepEqual(told, [["run", "a1"]]);
});
