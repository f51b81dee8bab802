import assert from "node:assert/strict";
import { test } from "node:test";

import { bringsFiles, imagesIn, upload } from "../../digitcanvas/app/parts/picture_source.js";

const photo = { name: "photo.jpg", type: "image/jpeg" };
const text = { name: "notes.txt", type: "text/plain" };

test("of what is pasted, the images are taken, and text is left alone", () => {
  assert.deepEqual(imagesIn({ files: [text, photo] }), [photo]);
  assert.deepEqual(imagesIn({ files: [] }), []);
  assert.deepEqual(imagesIn(null), []);
});

test("files are given to the uploader as if they had been chosen there", () => {
  const given = [];
  globalThis.DataTransfer = class {
    files = [];
    items = { add: (file) => this.files.push(file) };
  };
  const input = new EventTarget();
  input.addEventListener("change", ({ bubbles }) => given.push([input.files, bubbles]));
  assert.equal(upload([photo, text], input), true);
  assert.deepEqual(given, [[[photo, text], true]]);
});

test("nothing is given where there is nothing, or no uploader", () => {
  const input = new EventTarget();
  input.addEventListener("change", () => assert.fail());
  assert.equal(upload([], input), false);
  assert.equal(upload([photo], null), false);
});

test("files that are dropped on the uploader are its own", () => {
  const on = (place, ...types) => ({
    dataTransfer: { types },
    target: { closest: (selector) => selector === place },
  });
  assert.equal(bringsFiles(on(".st-key-picture", "Files")), false);
  assert.equal(bringsFiles(on(".st-key-frame", "Files")), true);
  assert.equal(bringsFiles(on(".st-key-frame", "text/plain")), false);
  assert.ok(!bringsFiles({ dataTransfer: null, target: {} }));
});
