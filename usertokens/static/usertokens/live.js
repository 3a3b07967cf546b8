/* The part of the dashboard that refreshes itself: every 30 seconds, only while somebody can see it, and not at all once
   paused. Only what differs is touched, so that the reader's place stays: the focus, what is typed, open details, scroll
   positions, what the pointer is on. Selected text and the focused element are left as they are until the reader lets go
   of them. htmx does the asking. */
{
  // What the reader has done to an element, which the server knows nothing of.
  const READERS = { DETAILS: ["open"] };
  let isPaused = false;
  let isStale = false;

  const live = () => document.getElementById("live");

  const isSelected = (node) => {
    const selection = getSelection();
    return !selection.isCollapsed && selection.containsNode(node, true);
  };
  // What must neither change nor go while the reader holds it: the page is then stale until it is let go of.
  const isHeld = (node) => {
    const isHolding = isSelected(node) || node.contains(document.activeElement);
    isStale ||= isHolding;
    return isHolding;
  };
  const isInUse = () => live().contains(document.activeElement) || isSelected(live());

  const keyOf = (node) => node.nodeName + (node.id || node.getAttribute?.("aria-labelledby") || "");

  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (!isHeld(old)) old.nodeValue = fresh.nodeValue;
      return;
    }
    const kept = READERS[old.nodeName] ?? [];
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    morphChildren(old, fresh);
  };

  // Text has no name, so it is looked for at its own place alone.
  const findFrom = (at, key) => {
    if (key === "#text") return at && keyOf(at) === key ? at : null;
    for (let node = at; node; node = node.nextSibling) if (keyOf(node) === key) return node;
    return null;
  };

  const removeUntil = (at, end) => {
    while (at !== end) {
      const next = at.nextSibling;
      if (!isHeld(at)) at.remove();
      at = next;
    }
  };

  const morphChildren = (old, fresh) => {
    let at = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      const found = findFrom(at, keyOf(node));
      if (found) {
        removeUntil(at, found);
        at = found.nextSibling;
        morph(found, node);
      } else {
        old.insertBefore(node, at);
      }
    }
    removeUntil(at, null);
  };

  const isPoll = ({ elt }) => elt.id === "live";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isPoll(event.detail) && (document.hidden || isPaused)) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "live" || !detail.shouldSwap) return;
    detail.shouldSwap = false;
    isStale = false;
    const fresh = new DOMParser().parseFromString(detail.serverResponse, "text/html").body;
    const time = fresh.querySelector("[data-read-at]")?.dataset.readAt;
    morphChildren(live(), fresh);
    // htmx says nothing of a swap that it did not do; the header shows the same balance.
    document.dispatchEvent(new Event("balance:read"));
    const place = document.querySelector("[data-updated]");
    if (place && time) place.textContent = time;
  });

  const refresh = () => {
    if (live() && !document.hidden) window.htmx?.trigger(live(), "refresh");
  };
  const refreshIfStale = () => setTimeout(() => {
    if (isStale && !isInUse()) refresh();
  });

  document.addEventListener("visibilitychange", refresh);
  addEventListener("pageshow", (event) => {
    if (event.persisted) refresh();
  });
  document.addEventListener("focusout", refreshIfStale);
  document.addEventListener("selectionchange", refreshIfStale);

  const button = document.querySelector("[data-pause]");
  if (button) {
    for (const place of document.querySelectorAll("[data-only-scripts]")) place.hidden = false;
    button.addEventListener("click", () => {
      isPaused = !isPaused;
      button.textContent = isPaused ? button.dataset.resume : button.dataset.pause;
      if (!isPaused) refresh();
    });
  }
}
