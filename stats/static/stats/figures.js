/* Updates the figures in the cards without a reload.
   Other scripts report newer figures with an event "stats:figures" on the document, detail {visitors, qr_total, revenue_cents}.
   A cached page may be up to two minutes older than the figures that this tab has already shown. So the figures are kept
   for two minutes, and the larger one is shown: a new visitor's own visit stays on the second page. */
{
  const KEY = "stats.figures";
  const KEPT_MS = 120_000;
  const NAMES = ["visitors", "qr_total", "revenue_cents"];
  const language = document.documentElement.lang || "en";
  // "always", as the server groups four digits too, where Spanish by itself would not.
  const whole = new Intl.NumberFormat(language, { useGrouping: "always" });
  const money = new Intl.NumberFormat(language, { style: "currency", currency: "EUR", useGrouping: "always" });

  const read = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
    } catch {
      return {}; // storage switched off, or not ours: the page's own figures stand
    }
  };

  const keep = (figures) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(figures));
    } catch {
      // storage is off or full: only this tab forgets the figures
    }
  };

  const show = (name, value, isNew) => {
    for (const place of document.querySelectorAll(`[data-figure="${name}"]`)) {
      if (place.dataset.value !== undefined && Number(place.dataset.value) >= value) continue;
      place.dataset.value = String(value);
      place.textContent = name === "revenue_cents" ? money.format(value / 100) : whole.format(value);
      place.classList.toggle("is-new", isNew);
    }
  };

  const now = Date.now();
  for (const [name, seen] of Object.entries(read())) {
    if (NAMES.includes(name) && now - seen.at < KEPT_MS) show(name, seen.value, false);
  }

  document.addEventListener("stats:figures", ({ detail }) => {
    const kept = read();
    for (const name of NAMES) {
      if (!Number.isInteger(detail?.[name])) continue;
      kept[name] = { value: detail[name], at: Date.now() };
      show(name, detail[name], true);
    }
    keep(kept);
  });
}
