/* Counts a landing with ?qr=CODE: one call for each landing, and then the code leaves the address bar, so that a link
   shared onward does not count for it. What is no code changes nothing. */
{
  const { url, pattern } = document.currentScript.dataset;

  const land = () => {
    const address = new URL(location.href);
    const code = (address.searchParams.get("qr") ?? "").toUpperCase();
    if (!new RegExp(`^(?:${pattern})$`).test(code)) return;
    fetch(`${url}?code=${encodeURIComponent(code)}`, { method: "POST", keepalive: true })
      .then((answer) => answer.arrayBuffer()) // read to its end, so that the connection is free again
      .catch(() => {
        // no connection: a landing not counted is better than one that disturbs the page
      });
    // By hand: URLSearchParams would spell the other parameters anew.
    const rest = address.search.slice(1).split("&").filter((part) => part !== "qr" && !part.startsWith("qr="));
    history.replaceState(history.state, "", address.pathname + (rest.length ? `?${rest.join("&")}` : "") + address.hash);
  };

  // A page loaded ahead of time is no landing until somebody looks at it.
  if (document.prerendering) document.addEventListener("prerenderingchange", land, { once: true });
  else land();
}
