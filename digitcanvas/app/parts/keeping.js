// Has the browser remember whether what it tells is kept: see keeping.py, and the cookies of visitor.py.

let last = 0; // when that was chosen last

export default function ({ data: { chosen } }) {
  if (chosen === last) return;
  last = chosen;
  if (!chosen) return; // in this session
  const page = new URL(".", document.baseURI);
  const options = { headers: { Accept: "text/html" }, cache: "no-store" };
  fetch(page, options).catch(() => {}); // the page's next load brings the cookie, too
}
