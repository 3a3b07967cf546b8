/* Counts a landing with ?qr=CODE: one call for each landing, which is kept until it is answered. Then the code is removed
   from the address bar, so that a copied link does not count for it. A link whose code can't be read is reported as
   unreadable, and its address stays. On other pages, without a pattern, the script sends what still waits. */
{
  const { url, pattern } = document.currentScript.dataset;
  const LONGEST = 32;

  // The same rules as in codetags/services/codes.py; tests/codetags/spelled_links.json checks both.
  const BLANKS = "\\t\\n\\v\\f\\r \\x85\\xa0\\xad\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u3000\\ufeff";
  const AROUND = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "g");
  const NEXT_PART = /[?&;#%/\\]/;
  const TRAILING = new RegExp(`(?:[^0-9A-Za-z\\u0080-\\uffff]|[${BLANKS}«»‘’‚‛“”„‟‹›…–—、。！，：；？）】」])+$`);
  const isParameter = (name) => name.toLowerCase().replace(/^amp;/, "") === "qr";

  const parse = (text) => {
    const isPlain = text.length <= LONGEST && /^[\x00-\x7f]*$/.test(text);
    const code = isPlain ? text.toUpperCase() : "";
    return new RegExp(`^(?:${pattern})$`).test(code) ? code : "";
  };

  const readCode = (values) => {
    for (const value of values) {
      const text = value.slice(0, 1024).replace(AROUND, "");
      const code = parse(text) || parse(text.split(NEXT_PART, 1)[0].replace(TRAILING, ""));
      if (code) return code;
    }
    return "";
  };

  const reports = kvDelivery("codetags.landings", ({ id, code }) => [
    `${url}?${code ? `code=${encodeURIComponent(code)}` : "unreadable=1"}&id=${id}`,
  ]);

  const land = () => {
    const address = new URL(location.href);
    const values = [...address.searchParams].filter(([name]) => isParameter(name)).map(([, value]) => value);
    const code = readCode(values);
    if (code) {
      // Not by URLSearchParams, which would change how the other parameters are encoded.
      const isOther = (part) => ![...new URLSearchParams(part)].some(([name]) => isParameter(name));
      const rest = address.search.slice(1).split("&").filter(isOther);
      history.replaceState(history.state, "", address.pathname + (rest.length ? `?${rest.join("&")}` : "") + address.hash);
      // While the code is in the address, the landing is not reported yet: after a reload too, since the first try failed.
      reports.add({ code });
    } else if (values.length && performance.getEntriesByType("navigation")[0]?.type === "navigate") {
      reports.add({ code }); // reloaded or come back to, it was reported the first time
    } else {
      reports.send();
    }
  };

  // A prerendered page is not a landing until it is shown.
  const begin = pattern ? land : reports.send;
  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else begin();
}
