// What the keys do to the drawing, as in other programs that draw.
//
// Ctrl or Cmd with Z undoes; with Y or Shift and Z it redoes; Delete, Backspace and Escape clear,
// which undo takes back. Escape while the pen is down takes back that stroke alone. A digit says what
// the drawing is.

const TYPED_INTO = [
  "input",
  "textarea",
  "select",
  "[contenteditable]:not([contenteditable=false])",
  "dialog",
  "[role=dialog]",
  "[role=alertdialog]",
  "[role=menu]",
  "[role=listbox]",
  "[popover]",
].join();

const COVERS = '[data-testid="stPopoverBody"], [role=dialog], dialog[open]';

const CLEARING = ["Delete", "Backspace", "Escape"];

/** What is to be done to the drawing on a key's press: "undo", "redo", "clear", or nothing. */
export function actionOf(event, isPenDown) {
  if (isForOthers(event)) return null;
  const { key, shiftKey } = event;
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
    return key.toLowerCase() === "y" && !shiftKey ? "redo" : null;
  }
  if (shiftKey || !CLEARING.includes(key)) return null;
  return key === "Escape" && isPenDown ? "undo" : "clear";
}

/** The digit that was typed, 0 to 9, or null. */
export function digitOf(event) {
  const { key, ctrlKey, metaKey } = event;
  return !isForOthers(event) && !ctrlKey && !metaKey && /^[0-9]$/.test(key) ? Number(key) : null;
}

function isForOthers(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return true;
  return event.composedPath().some((element) => element.matches?.(TYPED_INTO));
}

/** Whether something lies over the page, which Escape closes wherever the focus is. */
export function isCovered() {
  return document.querySelector(COVERS) !== null;
}
