// The dashboard asks for news every 30 seconds, and only while somebody can see it. htmx does the asking.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "live" && document.hidden) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  const live = document.getElementById("live");
  if (live && !document.hidden && window.htmx) window.htmx.trigger(live, "refresh");
});
// The slider says its number while it moves.
document.addEventListener("input", (event) => {
  if (event.target.id !== "id_score") return;
  const said = document.getElementById("mood-said");
  if (said) said.textContent = Number(event.target.value).toLocaleString(document.documentElement.lang);
});
