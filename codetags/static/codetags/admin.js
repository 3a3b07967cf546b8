/* The list of codes refreshes itself every two minutes while somebody looks at it, and at the press of a button, at most
   every two seconds. Links are copied by a click. Without this script the button reloads the page. */
{
  const EVERY_MS = 120_000;
  const PAUSE_MS = 2_000;
  const codes = document.querySelector("[data-codes]");
  const status = document.querySelector("[data-status]");
  const button = document.querySelector("[data-refresh]");
  let readAt = Date.now();
  let isBusy = false;

  const say = (text) => {
    if (status) status.textContent = text;
  };

  const refresh = async () => {
    if (isBusy) return;
    isBusy = true;
    button?.setAttribute("aria-disabled", "true");
    setTimeout(() => {
      isBusy = false;
      button?.removeAttribute("aria-disabled");
    }, PAUSE_MS);
    const address = new URL(location.href);
    address.searchParams.set("fragment", "1");
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      // 429: another tab was quicker; what stands here is seconds old at most. A log-in page is no table either.
      if (answer.redirected || !(answer.ok || answer.status === 503)) return;
      const chosen = new Set([...codes.querySelectorAll("input[name=code]:checked")].map((box) => box.value));
      const focused = document.activeElement?.closest?.("[data-codes] [data-copy]")?.dataset.copy;
      codes.innerHTML = await answer.text();
      for (const box of codes.querySelectorAll("input[name=code]")) box.checked = chosen.has(box.value);
      if (focused) codes.querySelector(`[data-copy="${CSS.escape(focused)}"]`)?.focus();
      readAt = Date.now();
      const time = new Intl.DateTimeFormat(document.documentElement.lang || "en", { timeStyle: "medium" });
      say(`${status.dataset.refreshed} · ${time.format(new Date())}`);
    } catch {
      // no connection: what stands here stays, and the next round tries again
    }
  };

  const refreshIfDue = () => {
    if (document.visibilityState === "visible" && Date.now() - readAt >= EVERY_MS) refresh();
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard on plain http: the old way, by a selection.
      const field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    say(`${status.dataset.copied}: ${text}`);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-copy]");
    if (link) copy(link.dataset.copy);
  });
  if (codes) {
    codes.addEventListener("change", (event) => {
      if (!event.target.matches("[data-all]")) return;
      for (const box of codes.querySelectorAll("input[name=code]")) box.checked = event.target.checked;
    });
    button?.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      refresh();
    });
    setInterval(refreshIfDue, 1000);
    document.addEventListener("visibilitychange", refreshIfDue);
  }
}
