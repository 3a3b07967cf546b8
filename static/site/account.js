/* Who is logged in, in the header. A public page is the same for everybody, so this asks for the rest of it: only where
   a cookie says that somebody is logged in, again when the page comes back (Back, another tab), and as the balance
   changes on the dashboard. Passwords and names are kept nowhere. */
{
  const place = document.querySelector("[data-account]");
  const loggedOut = place?.querySelector("[data-logged-out]");
  const loggedIn = place?.querySelector("[data-logged-in]");
  const isHinted = () => document.cookie.split("; ").includes("logged_in=1");
  let asked = 0;
  let shownAt = 0;

  const show = (html) => {
    loggedIn.innerHTML = html;
    loggedIn.hidden = !html;
    loggedOut.hidden = Boolean(html);
  };

  const refresh = async () => {
    const turn = ++asked;
    if (!isHinted()) return show("");
    try {
      const answer = await fetch(place.dataset.account, { cache: "no-store" });
      const html = answer.status === 200 ? await answer.text() : "";
      if (turn === asked && (html || answer.status === 204)) show(html);
      shownAt = Date.now();
    } catch {
      // The site can't be reached: what is shown stays.
    }
  };

  // A form with a password goes along when the language is changed, without the password.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-carried-by]");
    const form = link && document.getElementById(link.dataset.carriedBy);
    const secrets = form?.querySelectorAll("input[type=password]") ?? [];
    if (!secrets.length || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    for (const secret of secrets) secret.value = "";
    const button = document.createElement("button");
    Object.assign(button, { hidden: true, name: link.dataset.carriedAs, value: "same", formAction: link.href, formNoValidate: true });
    form.append(button);
    form.requestSubmit(button);
    button.remove();
  });

  if (place) {
    refresh();
    addEventListener("pageshow", (event) => event.persisted && refresh());
    document.addEventListener("visibilitychange", () => {
      const isOld = Date.now() - shownAt > 30_000 || isHinted() === loggedIn.hidden;
      if (document.visibilityState === "visible" && isOld) refresh();
    });
    document.addEventListener("balance:read", refresh);
  }
}
