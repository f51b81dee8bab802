import assert from "node:assert/strict";
import { test } from "node:test";
import show from "../../digitcanvas/app/parts/keeping.js";

test("asks for the page, with its cookies, once for each choice in the session", () => {
  const asked = [];
  globalThis.document = { baseURI: "http://localhost:8501/digits/hand?model=mlp" };
  globalThis.fetch = async (page, { headers }) => {
    asked.push(`${page} ${headers.Accept}`);
    throw new Error("The server is gone."); // which stops nothing
  };
  for (const chosen of [0, 0, 1, 1, 2, 0, 3]) show({ data: { chosen } });
  assert.deepEqual(asked, Array(3).fill("http://localhost:8501/digits/ text/html"));
});
