/* Shows the notice about cookies to those who have not chosen, or when the list of cookies has changed since.
   Says what was agreed to with an event "cookies:choice" on the document, detail {categories}: on every page that
   knows, and again when the visitor chooses. Without this script the form works all the same. */
{
  const notice = document.querySelector(".cookie-notice");
  const said = document.querySelector("[data-cookie-said]");

  const read = () => {
    const start = `${notice.dataset.cookie}=`;
    const value = document.cookie.split("; ").find((pair) => pair.startsWith(start))?.slice(start.length) ?? "";
    const [version, categories] = value.split(".");
    return version === notice.dataset.version && categories ? categories.split("-") : null;
  };

  const tell = (categories) => document.dispatchEvent(new CustomEvent("cookies:choice", { detail: { categories } }));

  const open = () => {
    const chosen = read() ?? [];
    for (const box of notice.querySelectorAll("input[name=category]:not(:disabled)")) {
      box.checked = chosen.includes(box.value);
    }
    notice.hidden = false;
  };

  const close = () => {
    const hadFocus = notice.contains(document.activeElement);
    notice.hidden = true;
    said.textContent = said.dataset.text;
    if (hadFocus) (document.querySelector("main[tabindex]") ?? document.body).focus({ preventScroll: true });
  };

  const save = async (event) => {
    event.preventDefault();
    const form = event.target;
    const body = new URLSearchParams(new FormData(form));
    body.set("choice", event.submitter?.value ?? "none");
    try {
      await fetch(form.action, { method: "POST", body, redirect: "manual" });
    } catch {
      // no connection: the page itself will say so
    }
    const categories = read();
    if (!categories) {
      // Not kept: this page's list is out of date, or cookies are off. The settings page asks anew.
      location.assign(form.action);
      return;
    }
    close();
    tell(categories);
  };

  if (notice) {
    notice.querySelector("form").addEventListener("submit", save);
    document.addEventListener("click", (event) => {
      if (!event.target.closest?.("[data-cookie-settings]") || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      said.textContent = "";
      open();
      notice.focus();
    });
    const categories = read();
    if (categories) tell(categories);
    else open();
  }
}
