/* Refreshes the list of codes: every two minutes while the page is visible, and by a button, at most every two seconds.
   It does not refresh by itself while the focus or a selection is in the table, or while it is paused. A click copies a
   link. The element with the role status shows the result. Without this script the button reloads the page. */
{
  const EVERY_MS = 120_000;
  const PAUSE_MS = 2_000;
  const BOXES = "tbody input[type=checkbox]";
  const TIMEOUT_MS = 15_000;
  const codes = document.querySelector("[data-codes]");
  const status = document.querySelector("[data-status]");
  const updated = document.querySelector("[data-updated]");
  const button = document.querySelector("[data-refresh]");
  const pause = document.querySelector("[data-pause]");
  let dueAt = Date.now() + EVERY_MS;
  let isBusy = false; // for a moment after each question, so that no press can hammer
  let isAsking = false; // until the answer is there: a slow site is not asked again meanwhile
  let isPaused = false;

  const say = (text) => {
    if (status) status.textContent = text;
  };

  const isInUse = () => {
    const selection = getSelection();
    return codes.contains(document.activeElement) || (!selection.isCollapsed && selection.containsNode(codes, true));
  };

  // Keeps the selection, open details, the focus and the position of the table.
  const show = (html) => {
    const chosen = new Set([...codes.querySelectorAll(`${BOXES}:checked`)].map((box) => box.value));
    const isAll = codes.querySelector("[data-all]")?.checked;
    const places = [...codes.querySelectorAll("a, button, input, [tabindex]")];
    const nameOf = (place) => `${place.nodeName} ${place.name ?? ""} ${place.value ?? ""} ${place.href ?? ""} ${place.dataset.copy ?? ""}`;
    const focused = codes.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    const nth = places.filter((place) => nameOf(place) === focused).indexOf(document.activeElement);
    const { scrollLeft = 0, scrollTop = 0 } = codes.querySelector(".codes-scroll") ?? {};
    const opened = [...codes.querySelectorAll("details")].map((part) => part.open);
    codes.innerHTML = html;
    codes.querySelectorAll("details").forEach((part, at) => { part.open = opened[at] ?? part.open; });
    for (const box of codes.querySelectorAll(BOXES)) box.checked = chosen.has(box.value);
    const all = codes.querySelector("[data-all]");
    if (all && isAll) all.checked = true;
    codes.querySelector(".codes-scroll")?.scrollTo(scrollLeft, scrollTop);
    if (focused === null) return;
    const found = [...codes.querySelectorAll("a, button, input, [tabindex]")].filter((place) => nameOf(place) === focused);
    (found[nth] ?? button)?.focus({ preventScroll: true });
  };

  const secondsOf = (answer) => {
    const seconds = Number(answer.headers.get("Retry-After"));
    return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) : 0;
  };

  const failed = (reason, seconds) => {
    const wait = Math.max(seconds, 10);
    dueAt = Date.now() + wait * 1000;
    say(`${reason} ${isPaused ? "" : status.dataset.again.replace("{seconds}", wait)}`.trim());
  };

  const reasonOf = (answer) => {
    if (answer.status === 429) return status.dataset.limited;
    if (answer.status === 401 || answer.status === 403) return status.dataset.forbidden;
    return answer.status >= 500 ? status.dataset.away : status.dataset.other;
  };

  const refresh = async (isAsked = false) => {
    if (isBusy || isAsking) return;
    isBusy = true;
    isAsking = true;
    button?.setAttribute("aria-disabled", "true");
    setTimeout(() => {
      isBusy = false;
      button?.removeAttribute("aria-disabled");
    }, PAUSE_MS);
    const address = new URL(location.href);
    address.searchParams.set("fragment", "1");
    const headers = { Accept: "text/html", "HX-Request": "true", "HX-Current-URL": location.href };
    try {
      const answer = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const elsewhere = answer.headers.get("HX-Redirect");
      if (elsewhere) {
        location.assign(elsewhere); // logged out in the meantime
        return;
      }
      const html = await answer.text();
      if (!answer.ok) return failed(reasonOf(answer), secondsOf(answer));
      if (answer.redirected || /<html[\s>]/i.test(html)) return failed(status.dataset.other, 0);
      if (!isAsked && isInUse()) return; // taken up since the request was sent: comes once it is left
      show(html);
      dueAt = Date.now() + EVERY_MS;
      const time = new Intl.DateTimeFormat(document.documentElement.lang || "en", { timeStyle: "short", hourCycle: "h23" });
      if (updated) updated.textContent = time.format(new Date());
      say(status.dataset.refreshed);
    } catch {
      failed(status.dataset.offline, 0);
    } finally {
      isAsking = false;
    }
  };

  const refreshIfDue = () => {
    if (document.visibilityState === "visible" && !isPaused && Date.now() >= dueAt && !isInUse()) refresh();
  };

  const copyTheOldWay = (text) => {
    const field = document.createElement("textarea");
    const focused = document.activeElement;
    field.value = text;
    document.body.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    focused?.focus?.({ preventScroll: true });
    return isDone;
  };

  const copy = async (text) => {
    let isDone = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      isDone = copyTheOldWay(text); // no clipboard on plain http
    }
    say(`${isDone ? status.dataset.copied : status.dataset.notCopied}: ${text}`);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-copy]");
    if (link) copy(link.dataset.copy);
  });
  if (codes) {
    for (const place of document.querySelectorAll("[data-only-scripts]")) place.hidden = false;
    codes.addEventListener("change", (event) => {
      if (!event.target.matches("[data-all]")) return;
      for (const box of codes.querySelectorAll(BOXES)) box.checked = event.target.checked;
    });
    button?.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      refresh(true);
    });
    pause?.addEventListener("click", () => {
      isPaused = !isPaused;
      pause.textContent = isPaused ? pause.dataset.resume : pause.dataset.pause;
      refreshIfDue();
    });
    setInterval(refreshIfDue, 1000);
    document.addEventListener("visibilitychange", refreshIfDue);
    addEventListener("pageshow", (event) => {
      if (event.persisted) refresh();
    });
  }
}
