/* Reports that must arrive: each is kept in this tab until the server has taken it or refused it for good, also across
   pages. Retry-After is heeded. The server tells a report that comes again by its id, which is made once.

   kvDelivery(key, request) → { add(report), send() }. key: of sessionStorage. request(report): the address and what
   fetch needs beside it. A report's id, at and after are this script's own. Several scripts may bring this file; the
   first one counts. */
globalThis.kvDelivery ??= (() => {
  const MOST = 20; // of one key; the oldest go first
  const DAY_MS = 86_400_000; // so long the server knows an id again
  const FIRST_MS = 5_000;
  const LONGEST_MS = 300_000;

  const makeId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const isForGood = (answer) => answer.status < 500 && ![408, 425, 429].includes(answer.status);

  const retryAfterMs = (answer) => {
    const text = answer.headers.get("Retry-After") ?? "";
    const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now();
    return Math.min(Math.max(ms || 0, 0), DAY_MS);
  };

  return (key, request) => {
    let inMemory = []; // all there is where storage is switched off
    let isSending = false;
    let failures = 0;
    let timer;

    const read = () => {
      let kept = inMemory;
      try {
        kept = JSON.parse(sessionStorage.getItem(key)) ?? [];
      } catch {
        // storage switched off
      }
      const now = Date.now();
      return Array.isArray(kept) ? kept.filter((report) => report?.id && report.at <= now && now - report.at < DAY_MS) : [];
    };

    const write = (reports) => {
      inMemory = reports.slice(-MOST);
      try {
        sessionStorage.setItem(key, JSON.stringify(inMemory));
      } catch {
        // storage switched off: what fails is tried again while this page is open
      }
    };

    const sendLater = (ms) => {
      clearTimeout(timer);
      timer = setTimeout(send, ms);
    };

    const deliver = async (report) => {
      try {
        const [address, more] = request(report);
        const answer = await fetch(address, { method: "POST", keepalive: true, ...more });
        if (isForGood(answer)) {
          await answer.arrayBuffer().catch(() => {}); // to its end, so that the connection is free again
          return { isDone: true };
        }
        return { isDone: false, wait: retryAfterMs(answer) };
      } catch {
        return { isDone: false, wait: 0 }; // no connection, or the page was left before the answer
      }
    };

    const send = async () => {
      if (isSending) return;
      isSending = true;
      try {
        for (let reports = read(); reports.length; reports = read()) {
          // What the server asked for holds for every report, also on the next page.
          const wait = Math.max(...reports.map((report) => report.after ?? 0)) - Date.now();
          if (wait > 0 && wait <= DAY_MS) {
            sendLater(wait);
            return;
          }
          const { id } = reports[0];
          const outcome = await deliver(reports[0]);
          if (outcome.isDone) {
            failures = 0;
            write(read().filter((report) => report.id !== id));
            continue;
          }
          failures += 1;
          if (outcome.wait) {
            const after = Date.now() + outcome.wait;
            write(read().map((report) => (report.id === id ? { ...report, after } : report)));
          }
          const pause = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), LONGEST_MS);
          sendLater(Math.max(outcome.wait, pause * (0.5 + Math.random() / 2)));
          return;
        }
      } finally {
        isSending = false;
      }
    };

    write(read()); // without what is too old
    addEventListener("online", send);
    // A page that comes back from the browser's memory runs no script anew.
    addEventListener("pageshow", (event) => event.persisted && send());

    const add = (report) => {
      write([...read(), { ...report, id: makeId(), at: Date.now() }]);
      send();
    };
    return { add, send };
  };
})();
