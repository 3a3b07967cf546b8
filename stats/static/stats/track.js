/* Reports the use of a tool: a click on any element that carries data-track-tool="<tool>", also one added later.
   What could not be delivered is kept and tried again; by its id the server tells a repeated report from a second use. */
{
  const { url } = document.currentScript.dataset;
  const reports = kvDelivery("stats.uses", ({ id, tool }) => [
    url,
    { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ tool, id }) },
  ]);

  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.("[data-track-tool]")?.dataset.trackTool;
    if (tool) reports.add({ tool });
  }, { capture: true });

  // A page loaded ahead of time sends nothing until somebody looks at it.
  if (document.prerendering) document.addEventListener("prerenderingchange", reports.send, { once: true });
  else reports.send();
}
