/* Fills the payment form from the fragment of its address (/pay#name=…&iban=…), and from the payee that this browser keeps.
   Neither leaves the browser: a fragment is part of no request, and the payee is in localStorage. Both are untrusted text:
   a link fills the form all or not at all, never sends it, and never mixes with what is in it. */
{
  const KEY = "stats.payee";
  const PAYEE = ["beneficiary", "iban", "bic"];
  const LONGEST_LINK = 4000; // all fields full, each character as three escapes
  const LONGEST_VALUE = 300;
  // Control and format characters (as of right-to-left text), unassigned ones, and what was not valid UTF-8.
  const UNREADABLE = /[\p{C}\p{Zl}\p{Zp}\ufffd]/u;
  const form = document.getElementById("pay-form");
  const fields = form.dataset.linked.split(" ");
  const filled = form.querySelector("[data-link-filled]");
  const differs = form.querySelector("[data-link-differs]");

  const held = (name) => {
    const control = form.elements.namedItem(name);
    if (control.type !== "checkbox") return control.value;
    return control.checked ? "on" : "";
  };

  const put = (name, value) => {
    const control = form.elements.namedItem(name);
    if (control.type === "checkbox") control.checked = value === "on";
    else control.value = value;
    if (value) control.closest("details")?.setAttribute("open", "");
  };

  const isText = (value) => typeof value === "string" && value.length <= LONGEST_VALUE && !UNREADABLE.test(value);

  // What the link fills in, by field; null when there is none, or when anything in it is not as a link of ours.
  const readLink = () => {
    if (location.hash.length > LONGEST_LINK) return null;
    const found = {};
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
      const name = key === "name" ? "beneficiary" : key;
      if (!fields.includes(name)) continue;
      if (Object.hasOwn(found, name) || !isText(value)) return null;
      found[name] = value;
    }
    return Object.keys(found).length ? found : null;
  };

  const isEmpty = (names) => names.every((name) => !held(name));

  const fillFromLink = (link) => {
    for (const name of fields) put(name, link[name] ?? "");
    filled.hidden = false;
    differs.hidden = true;
  };

  const takeLink = () => {
    const link = readLink();
    filled.hidden = differs.hidden = true;
    if (!link) return null;
    if (isEmpty(fields) || fields.every((name) => held(name) === (link[name] ?? ""))) fillFromLink(link);
    else differs.hidden = false;
    return link;
  };

  const option = form.querySelector("[data-payee]");
  const box = document.getElementById("keep-payee");
  const forget = form.querySelector("[data-payee-forget]");
  const said = form.querySelector("[data-payee-said]");

  // The payee that is kept; null when there is none, or it is not as this script writes it. Throws without storage.
  const readPayee = () => {
    const text = localStorage.getItem(KEY);
    try {
      const payee = JSON.parse(text);
      return payee && PAYEE.every((name) => isText(payee[name])) ? payee : null;
    } catch {
      return null;
    }
  };

  const isKept = (payee) => payee !== null && PAYEE.every((name) => held(name) === payee[name]);

  const show = () => {
    const payee = readPayee();
    forget.hidden = payee === null;
    box.checked = isKept(payee);
  };

  const link = takeLink();
  try {
    const payee = readPayee();
    if (payee && isEmpty(PAYEE) && !PAYEE.some((name) => link?.[name])) for (const name of PAYEE) put(name, payee[name]);
    show();
    option.hidden = false;
  } catch {
    // storage switched off: nothing can be kept, so it is not offered
  }

  // A reload or the way back may tick the box as it was ticked before: after the scripts, before this.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted && !option.hidden) show();
  });

  forget.addEventListener("click", () => {
    localStorage.removeItem(KEY);
    show();
    said.textContent = forget.dataset.done;
    box.focus();
  });

  // Not when the form is sent for another language or by the notice about cookies.
  form.addEventListener("submit", ({ submitter }) => {
    if (option.hidden || (submitter?.name && submitter.name !== "symbols")) return;
    const payee = Object.fromEntries(PAYEE.map((name) => [name, held(name)]));
    try {
      if (!box.checked) {
        if (isKept(readPayee())) localStorage.removeItem(KEY);
      } else if (PAYEE.every((name) => isText(payee[name])) && payee.beneficiary && payee.iban) {
        localStorage.setItem(KEY, JSON.stringify(payee));
      }
    } catch {
      // storage is full or was switched off: the code is made all the same
    }
  });

  // Another tab kept or deleted it. Only what is kept is shown anew: the form belongs to this tab.
  addEventListener("storage", ({ key }) => {
    if (option.hidden || (key !== KEY && key !== null)) return;
    const payee = readPayee();
    forget.hidden = payee === null;
    if (!payee) box.checked = false;
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && !option.hidden) show();
  });
  addEventListener("hashchange", takeLink);
  form.querySelector("[data-link-fill]").addEventListener("click", () => {
    const replacement = readLink();
    if (replacement) fillFromLink(replacement);
    if (!option.hidden) show();
  });
}
