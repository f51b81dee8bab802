// Has the browser take the cookies of visitor.py anew, after a choice: see keeping.py.

let last = 0; // when the last choice was made

export default function ({ data: { chosen } }) {
  if (chosen <= last) return; // or nothing was chosen in this session
  last = chosen;
  const page = new URL(".", document.baseURI);
  const options = { headers: { Accept: "text/html" }, cache: "no-store" };
  fetch(page, options).catch(() => {}); // the page's next load brings the cookie, too
}
