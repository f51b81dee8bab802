// Keeps the address as the page's link, and the tab's memory of the run that it started: link.py.

const STARTED = "digitcanvas.run";

let latest = 0; // the turn of the newest call

/** The address with these parameters set, and without those that are null. */
export function linkTo(address, query) {
  const url = new URL(address);
  for (const [key, value] of Object.entries(query)) {
    if (value === null) url.searchParams.delete(key);
    else url.searchParams.set(key, value);
  }
  return url.href;
}

/**
 * Note in the storage which run this tab waits for. A session that `isNew` has none to wait for:
 * gives the one that the tab waited for before it was reloaded, if there is one.
 */
export function remember(storage, run, isNew) {
  const before = storage.getItem(STARTED);
  if (run) storage.setItem(STARTED, run);
  else if (isNew) return before;
  else storage.removeItem(STARTED);
  return null;
}

export default function ({ data: { query, turn, run, isNew }, setTriggerValue }) {
  if (turn <= latest) return; // an older call, made again
  latest = turn;
  const address = linkTo(location.href, query);
  if (address !== location.href) history.replaceState(history.state, "", address);
  if (run === undefined) return;
  try {
    const before = remember(sessionStorage, run, isNew);
    if (before) setTriggerValue("run", before);
  } catch {
    // a browser may allow no storage: the tab then forgets its run
  }
}
