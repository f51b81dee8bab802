import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

const STUB = readFileSync(new URL("../../digitcanvas/app/stub.js", import.meta.url), "utf8");
const folder = mkdtempSync(join(tmpdir(), "stub-"));
const baseURI = `${pathToFileURL(folder)}/train`; // a page's; the module's address is beside it
let made = 0;

/** The stub of a module with this text, as Streamlit imports it. */
async function stubOf(text) {
  const name = `module${++made}.mjs`;
  if (text) writeFileSync(join(folder, name), text);
  const stub = `${STUB.replace("ADDRESS", name)}// ${name}`;
  const url = `data:text/javascript,${encodeURIComponent(stub)}`;
  return { call: (await import(url)).default, path: join(folder, name) };
}

const NOTING = `
  globalThis.events.push("loaded");
  export default (component) => {
    globalThis.events.push("call " + component);
    return () => globalThis.events.push("clean-up " + component);
  };
`;

globalThis.document = { baseURI };
beforeEach(() => {
  globalThis.events = [];
});
after(() => rmSync(folder, { recursive: true }));

test("a stub loads its module once and hands on calls in turn, and what they give", async () => {
  const { call } = await stubOf(NOTING);
  const cleanUps = await Promise.all([call(1), call(2), call(3)]);
  cleanUps.push(await call(4));
  for (const cleanUp of cleanUps.reverse()) cleanUp();
  assert.deepEqual(globalThis.events, [
    "loaded",
    ...[1, 2, 3, 4].map((number) => `call ${number}`),
    ...[4, 3, 2, 1].map((number) => `clean-up ${number}`),
  ]);
});

test("a stub finds its module from where it was first called", async () => {
  const { call } = await stubOf(NOTING);
  await call(1);
  globalThis.document.baseURI = "file:///nowhere/else";
  await call(2);
  globalThis.document.baseURI = baseURI;
  assert.deepEqual(globalThis.events, ["loaded", "call 1", "call 2"]);
});

test("a stub loads nothing before the first call", async () => {
  await stubOf(NOTING);
  assert.deepEqual(globalThis.events, []);
});

test("a module that cannot be loaded is reported, and tried again at the next call", async () => {
  const { call, path } = await stubOf();
  await Promise.all([1, 2].map((number) => assert.rejects(call(number), /Reload the page/)));
  writeFileSync(path, NOTING);
  await call(3);
  assert.deepEqual(globalThis.events, ["loaded", "call 3"]);
});

test("an error of the module's own is passed on", async () => {
  const { call } = await stubOf(`export default () => { throw new TypeError("own"); };`);
  await assert.rejects(call(1), { name: "TypeError", message: "own" });
  await assert.rejects(call(2), { name: "TypeError", message: "own" });
});

test("a clean-up that Streamlit wants before the module has arrived follows its call", async () => {
  const { call } = await stubOf(NOTING);
  const first = call(1).then((cleanUp) => cleanUp()); // as Streamlit does with a call out of date
  const second = call(2);
  await Promise.all([first, second]);
  assert.deepEqual(globalThis.events, ["loaded", "call 1", "call 2", "clean-up 1"]);
});
