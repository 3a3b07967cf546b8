/* Reports the visit once per browser session. A report that was not delivered is sent again from the next page.
   Errors here must never disturb the page. */
{
  const KEY = "stats.visited";
  const { url } = document.currentScript.dataset;

  const isReported = () => {
    try {
      return sessionStorage.getItem(KEY) === "1";
    } catch {
      return false; // storage switched off: every page reports, and the server counts one
    }
  };

  const markReported = () => {
    try {
      sessionStorage.setItem(KEY, "1");
    } catch {
      // storage is off, see above
    }
  };

  const report = async () => {
    if (isReported()) return;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: "{}",
        keepalive: true,
      });
      if (answer.status === 429 || answer.status >= 500) return;
      markReported();
      if (answer.ok) document.dispatchEvent(new CustomEvent("stats:figures", { detail: await answer.json() }));
    } catch {
      // no connection, or the page was closed: the next page tries again
    }
  };

  // A prerendered page is not a visit until it is shown.
  if (document.prerendering) document.addEventListener("prerenderingchange", report, { once: true });
  else report();
}
