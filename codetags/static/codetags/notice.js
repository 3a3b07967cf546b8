/* Shows the notice about cookies until the visitor chooses, and again when the list of cookies has changed since.
   An event "cookies:choice" on the document has the accepted categories in its detail {categories}: on every page once
   there is a choice, and when the visitor chooses, here or in another tab. The form also works without this script. */
{
  const TIMEOUT_MS = 10_000;
  const SHOWN_MS = 8_000;
  const notice = document.querySelector(".cookie-notice");
  const said = document.querySelector("[data-cookie-said]");
  const failed = document.querySelector("[data-cookie-failed]");
  let known; // what the page last knew of the choice, as text; null where there is none
  let timer;

  const read = () => {
    let cookies = "";
    try {
      cookies = document.cookie;
    } catch {
      // the browser refuses access to its storage: nothing is kept
    }
    const start = `${notice.dataset.cookie}=`;
    const value = cookies.split("; ").find((pair) => pair.startsWith(start))?.slice(start.length) ?? "";
    const [version, categories] = value.split(".");
    return version === notice.dataset.version && categories ? categories.split("-") : null;
  };

  const tell = (categories) => document.dispatchEvent(new CustomEvent("cookies:choice", { detail: { categories } }));

  const say = (text) => {
    clearTimeout(timer);
    said.textContent = text;
    said.classList.toggle("is-shown", text !== "");
    timer = setTimeout(() => said.classList.remove("is-shown"), SHOWN_MS);
  };

  const open = () => {
    const chosen = read() ?? [];
    for (const box of notice.querySelectorAll("input[name=category]:not(:disabled)")) {
      box.checked = chosen.includes(box.value);
    }
    failed.textContent = "";
    notice.hidden = false;
  };

  const close = () => {
    const hadFocus = notice.contains(document.activeElement);
    notice.hidden = true;
    if (hadFocus) (document.querySelector("main[tabindex]") ?? document.body).focus({ preventScroll: true });
  };

  // The visitor may have chosen on another page meanwhile: the browser shows this one again after Back, or in another tab.
  const look = () => {
    const categories = read();
    const now = categories?.join("-") ?? null;
    if (now === known) return;
    known = now;
    if (!categories) return open();
    close();
    tell(categories);
  };

  // Content blockers hide notices about cookies in many ways, so check which element is at its position.
  const isSeen = () => {
    const box = notice.getBoundingClientRect();
    if (box.width < 100 || box.height < 20) return false;
    if (!(notice.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true)) return false;
    return notice.contains(document.elementFromPoint(box.left + box.width / 2, box.top + 8));
  };

  const reasonOf = (answer) => {
    if (!answer) return said.dataset.offline;
    if (answer.status === 409) return said.dataset.outdated;
    return answer.status === 429 ? said.dataset.limited : said.dataset.refused;
  };

  const send = async (form, body) => {
    try {
      const signal = AbortSignal.timeout?.(TIMEOUT_MS);
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, signal });
      return { answer, categories: answer.ok ? (await answer.json()).categories : null };
    } catch (error) {
      return { answer: error instanceof SyntaxError ? { status: 200 } : null, categories: null };
    }
  };

  const save = async (event) => {
    event.preventDefault();
    const form = event.target;
    const body = new URLSearchParams(new FormData(form));
    body.set("choice", event.submitter?.value ?? "none");
    failed.textContent = "";
    const { answer, categories } = await send(form, body);
    if (!categories && notice.dataset.asks !== undefined) {
      failed.textContent = reasonOf(answer);
      return;
    }
    // With nothing to agree to, closing must always work; after an error the notice returns on the next page.
    const kept = read();
    known = kept?.join("-") ?? null;
    close();
    say(kept ? said.dataset.kept : categories ? said.dataset.blocked : reasonOf(answer));
    tell(kept ?? categories ?? ["necessary"]);
  };

  if (notice) {
    // Without scripts these buttons belong to the page's own form, so that it is sent along.
    for (const control of notice.querySelectorAll("[form]")) control.removeAttribute("form");
    notice.querySelector("form").addEventListener("submit", save);
    document.addEventListener("click", (event) => {
      if (!event.target.closest?.("[data-cookie-settings]") || notice.dataset.asks === undefined) return;
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      const wasHidden = notice.hidden;
      open();
      if (!isSeen()) {
        notice.hidden = wasHidden; // the link leads to the settings
        return;
      }
      event.preventDefault();
      say("");
      notice.focus();
    });
    addEventListener("pageshow", look);
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    look();
  }
}
