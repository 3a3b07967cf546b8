/* Reports the use of a tool: a click on any element that carries data-track-tool="<tool>", also one added later.
   A report that was not delivered is kept and sent again; its id shows the server that it is not a second use. */
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

  // A prerendered page sends nothing until it is shown.
  if (document.prerendering) document.addEventListener("prerenderingchange", reports.send, { once: true });
  else reports.send();
}
