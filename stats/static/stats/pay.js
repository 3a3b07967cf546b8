/* The payment form. Each opened form gets an id, so that an order that is sent again counts once. Links to the other
   languages take the input along. What fills the form and copies a link comes when it is needed. */
{
  const form = document.getElementById("pay-form");
  const field = form?.elements.namedItem("form_id");

  // The id is kept in the page's entry of the history, so that it is the same after Back.
  const openId = () => {
    const known = history.state?.payFormId;
    if (known) return known;
    const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    history.replaceState({ ...history.state, payFormId: id }, "");
    return id;
  };

  // With an id from the server, the form was opened before.
  if (field && !field.value) field.value = openId();

  const scripts = form?.dataset.scripts?.split(" ") ?? [];
  const addScripts = () => {
    for (const src of scripts.splice(0)) document.body.append(Object.assign(document.createElement("script"), { src, async: false }));
  };
  const isFilledIn = () => {
    if (location.hash.length > 1 || form.contains(document.activeElement)) return true;
    try {
      return localStorage.getItem("stats.payee") !== null;
    } catch {
      return false; // storage switched off
    }
  };
  if (scripts.length) {
    if (isFilledIn()) addScripts();
    form.addEventListener("focusin", addScripts);
    addEventListener("hashchange", addScripts);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-carried-by]");
    if (!form || !link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const button = document.createElement("button");
    button.hidden = true;
    button.name = link.dataset.carriedAs;
    button.value = "same";
    button.formAction = link.href;
    button.formNoValidate = true;
    form.append(button);
    form.requestSubmit(button);
    button.remove();
  });
}
