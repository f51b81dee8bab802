// See component() in assets.py.

let loading;

export default async function (component) {
  loading ??= import(new URL("ADDRESS", document.baseURI)).catch(() => {
    loading = undefined; // the next call tries again
    throw new Error("A part of this page could not be loaded. Reload the page.");
  });
  return (await loading).default(component);
}
