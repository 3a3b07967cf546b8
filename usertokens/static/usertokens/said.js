/* Says what became of every action that htmx takes for an element with data-says="id of a line": saved, refused and why,
   tried again and when. The words are the line's data-… (usertokens/said.html). An action that a repeat can't do twice
   carries data-repeat, and is repeated after a failure of the connection or the site; Retry-After is heeded. */
{
  const WAITS_S = [2, 5, 10, 30, 60];
  const LONGEST_S = 600;
  const failures = new Map(); // element → {count, timer}

  const lineOf = (element) => document.getElementById(element.closest("[data-says]")?.dataset.says ?? "");

  const say = (line, sentences, mayReload = false) => {
    line.replaceChildren(sentences.filter(Boolean).join(" "));
    if (!mayReload) return;
    const link = document.createElement("a");
    link.href = location.href.split("#")[0];
    link.textContent = line.dataset.reload;
    line.append(" ", link);
  };

  const secondsOf = (header) => {
    const seconds = /^\d+$/.test(header ?? "") ? Number(header) : Math.ceil((Date.parse(header ?? "") - Date.now()) / 1000);
    return seconds > 0 ? seconds : 0;
  };

  const settle = (element) => {
    clearTimeout(failures.get(element)?.timer);
    failures.delete(element);
  };

  // Answers of the page's own views are one plain sentence; anything else is not for users.
  const sentenceOf = (xhr) =>
    xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.responseText.length < 300 ? xhr.responseText : "";

  const fail = (element, xhr, reason, isPassing) => {
    const line = lineOf(element);
    if (!line) return;
    const before = failures.get(element)?.count ?? 0;
    settle(element);
    const told = secondsOf(xhr?.status ? xhr.getResponseHeader("Retry-After") : "");
    const wait = Math.max(told, WAITS_S[before] ?? Infinity);
    if (!isPassing) return say(line, [reason], xhr.status !== 400);
    if (element.dataset.repeat === undefined || wait > LONGEST_S) return say(line, [reason, line.dataset.onceMore]);
    const timer = setTimeout(() => window.htmx.trigger(element, "repeat"), wait * 1000);
    failures.set(element, { count: before + 1, timer });
    say(line, [reason, line.dataset.again.replace("{seconds}", wait)]);
  };

  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    const line = lineOf(detail.elt);
    if (!line) return;
    clearTimeout(failures.get(detail.elt)?.timer);
    if (line.dataset.busy) say(line, [line.dataset.busy]);
  });
  // A whole page in the place of a part is no answer: a proxy's own log-in, say.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.shouldSwap || !/<html[\s>]/i.test(detail.serverResponse)) return;
    detail.shouldSwap = false;
    detail.isError = true;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const line = lineOf(detail.elt);
    if (!line || !detail.successful) return;
    settle(detail.elt);
    say(line, [line.dataset.done]);
  });
  document.addEventListener("htmx:responseError", ({ detail }) => {
    const { status } = detail.xhr;
    const words = lineOf(detail.elt)?.dataset ?? {};
    const isPassing = status === 429 || status >= 500;
    const known = status >= 500 ? words.s503 : words[`s${status === 401 ? 403 : status}`];
    fail(detail.elt, detail.xhr, sentenceOf(detail.xhr) || known || words.other, isPassing);
  });
  document.addEventListener("htmx:sendError", ({ detail }) => fail(detail.elt, null, lineOf(detail.elt)?.dataset.offline, true));
  document.addEventListener("htmx:timeout", ({ detail }) => fail(detail.elt, null, lineOf(detail.elt)?.dataset.timeout, true));
  addEventListener("online", () => {
    for (const element of failures.keys()) window.htmx.trigger(element, "repeat");
  });
}
