/* Puts newer figures into the cards in place, without a reload.
   Other scripts say what they learnt with an event "stats:figures" on the document, detail {visitors, qr_total, revenue_cents}.
   A page may come from a cache and be up to two minutes older than what this tab has already seen, so the figures are
   kept that long and the larger one is shown: a newcomer's own visit does not vanish on the second page. */
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
      // storage switched off or full: nothing is lost but the memory of this tab
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
