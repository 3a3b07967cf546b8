// The slider says its number while it moves.
document.addEventListener("input", (event) => {
  if (event.target.id !== "id_score") return;
  const said = document.getElementById("mood-said");
  if (said) said.textContent = Number(event.target.value).toLocaleString(document.documentElement.lang);
});
