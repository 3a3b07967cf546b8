/* Counts a landing with ?qr=CODE: one call for each landing, kept until it is answered, and then the code leaves the
   address bar, so that a link shared onward does not count for it. A link whose code can't be read is reported as that,
   and its address stays as it is. On a page that is no landing page, without a pattern, it sends what still waits. */
{
  const { url, pattern } = document.currentScript.dataset;
  const LONGEST = 32;

  // The same as codetags/services/codes.py; tests/codetags/spelled_links.json holds both to it.
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
      // By hand: URLSearchParams would spell the other parameters anew.
      const isOther = (part) => ![...new URLSearchParams(part)].some(([name]) => isParameter(name));
      const rest = address.search.slice(1).split("&").filter(isOther);
      history.replaceState(history.state, "", address.pathname + (rest.length ? `?${rest.join("&")}` : "") + address.hash);
      // With the code still in the address nothing was reported yet, though the page may be reloaded: the first try failed.
      reports.add({ code });
    } else if (values.length && performance.getEntriesByType("navigation")[0]?.type === "navigate") {
      reports.add({ code }); // reloaded or come back to, it was reported the first time
    } else {
      reports.send();
    }
  };

  // A page loaded ahead of time is no landing until somebody looks at it.
  const begin = pattern ? land : reports.send;
  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else begin();
}
