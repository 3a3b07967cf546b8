/* Sends the receipts of payment codes that were made in this tab, each until the server has accepted it.
   On the form a hidden field tells the server so; without that field the server counts the code itself. */
{
  const KEY = "stats.receipts";
  const { url } = document.currentScript.dataset;

  const read = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY));
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  };

  const keep = (receipts) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(receipts));
      return true;
    } catch {
      return false; // storage switched off: what fails now can't be sent later
    }
  };

  const send = async (receipt) => {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ receipt }),
        keepalive: true,
      });
      if (answer.status === 429 || answer.status >= 500) return "later";
      if (!answer.ok) return "refused";
      document.dispatchEvent(new CustomEvent("stats:figures", { detail: await answer.json() }));
      return "counted";
    } catch {
      return "later"; // no connection, or the page was left before the answer: the same receipt counts once anyway
    }
  };

  const turnIn = async () => {
    const place = document.querySelector("[data-receipt]");
    const waiting = read();
    if (place && !waiting.includes(place.dataset.receipt)) waiting.push(place.dataset.receipt);
    keep(waiting);
    for (const receipt of waiting) {
      const outcome = await send(receipt);
      if (outcome !== "later") keep(read().filter((other) => other !== receipt));
      if (receipt === place?.dataset.receipt) {
        const line = document.createElement("p");
        line.textContent = place.dataset[outcome];
        place.replaceChildren(line);
      }
    }
  };

  // Set the field only when the storage works: a receipt must be kept until the server has accepted it.
  if (keep(read())) {
    for (const form of document.querySelectorAll("[data-pay-form]")) {
      const promise = document.createElement("input");
      promise.type = "hidden";
      promise.name = "script";
      promise.value = "1";
      form.append(promise);
    }
  }
  turnIn();
}
