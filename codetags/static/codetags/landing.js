/* Counts a landing with ?qr=CODE, and &at=PLACEMENT: one call for each landing, which is kept until it is answered. Then
   both are removed from the address bar, so that a copied link does not count for them. A link whose code can't be read is reported as
   unreadable, and its address stays. On other pages, without a pattern, the script sends what still waits. */
{
  const { url, pattern, at: placementParameter = "", referrer: asksReferrer } = document.currentScript.dataset;
  const LONGEST = 32;

  // The same rules as in codetags/services/codes.py; tests/codetags/spelled_links.json checks both.
  const BLANKS = "\\t\\n\\v\\f\\r \\x85\\xa0\\xad\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u3000\\ufeff";
  const AROUND = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "g");
  const NEXT_PART = /[?&;#%/\\]/;
  const TRAILING = new RegExp(`(?:[^0-9A-Za-z\\u0080-\\uffff]|[${BLANKS}«»‘’‚‛“”„‟‹›…–—、。！，：；？）】」])+$`);
  const isNamed = (name, wanted) => name.toLowerCase().replace(/^amp;/, "") === wanted.toLowerCase();

  const parse = (text) => {
    const isPlain = text.length <= LONGEST && /^[\x00-\x7f]*$/.test(text);
    const code = isPlain ? text.toUpperCase() : "";
    return new RegExp(`^(?:${pattern})$`).test(code) ? code : "";
  };

  const parsePlacement = (text) => (/^[0-9A-Za-z-]{1,32}$/.test(text) ? text.toLowerCase() : "");

  const read = (values, parseOne) => {
    for (const value of values) {
      const text = value.slice(0, 1024).replace(AROUND, "");
      const found = parseOne(text) || parseOne(text.split(NEXT_PART, 1)[0].replace(TRAILING, ""));
      if (found) return found;
    }
    return "";
  };

  // Only the host of the page before, and only of another site's.
  const referringHost = () => {
    if (asksReferrer === undefined || !/^https?:/.test(document.referrer)) return "";
    const { hostname } = new URL(document.referrer);
    return hostname === location.hostname ? "" : hostname;
  };

  const reports = kvDelivery("codetags.landings", ({ id, code, placement, referrer }) => [
    `${url}?${code ? `code=${encodeURIComponent(code)}` : "unreadable=1"}&id=${id}` +
      (placement ? `&at=${placement}` : "") +
      (referrer ? `&referrer=${encodeURIComponent(referrer)}` : ""),
  ]);

  const land = () => {
    const address = new URL(location.href);
    const valuesOf = (wanted) => [...address.searchParams].filter(([name]) => isNamed(name, wanted)).map(([, value]) => value);
    const values = valuesOf("qr");
    const code = read(values, parse);
    if (code) {
      const placement = read(valuesOf(placementParameter), parsePlacement);
      // utm_source and its like stay: other scripts of the page read them.
      const ours = ["qr", ...(placementParameter.startsWith("utm_") ? [] : [placementParameter])];
      // Not by URLSearchParams, which would change how the other parameters are encoded.
      const isOther = (part) => ![...new URLSearchParams(part)].some(([name]) => ours.some((one) => isNamed(name, one)));
      const rest = address.search.slice(1).split("&").filter(isOther);
      history.replaceState(history.state, "", address.pathname + (rest.length ? `?${rest.join("&")}` : "") + address.hash);
      // While the code is in the address, the landing is not reported yet: after a reload too, since the first try failed.
      reports.add({ code, placement, referrer: referringHost() });
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
