/* Reports the use of a tool: a click on any element that carries data-track-tool="<tool>", also one added later.
   The id lets the server tell a repeated request from a second use; it is left out where the browser makes none
   (randomUUID exists on https and localhost only). */
{
  const { url } = document.currentScript.dataset;

  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.("[data-track-tool]")?.dataset.trackTool;
    if (!tool) return;
    fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ tool, id: globalThis.crypto?.randomUUID?.() }),
      keepalive: true,
    }).catch(() => {
      // one use not reported is better than a click that does not do what it says
    });
  }, { capture: true });
}
