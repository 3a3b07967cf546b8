/* Names that Django's admin gives to elements without a role, which readers of screens then leave out; and names of the
   fields that search while one types, whose widget knows nothing of their labels. */
const nameSearchingFields = () => {
  for (const field of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = field.labels?.[0];
    const box = field.nextElementSibling?.querySelector("[role=combobox]");
    if (!label || !box) continue;
    label.id ||= `${field.id}-label`;
    const shown = box.querySelector(".select2-selection__rendered");
    shown?.removeAttribute("role"); // a text field inside of a field, without a name of its own
    shown?.removeAttribute("aria-readonly");
    box.setAttribute("aria-labelledby", [label.id, shown?.id].filter(Boolean).join(" "));
  }
};
document.addEventListener("focusin", ({ target }) => {
  if (!target.matches?.(".select2-search__field:not([aria-label])")) return;
  const field = document.getElementById(target.getAttribute("aria-controls")?.match(/^select2-(.+)-results$/)?.[1]);
  if (field?.labels?.[0]) target.setAttribute("aria-label", field.labels[0].textContent.trim());
});
document.addEventListener("formset:added", () => setTimeout(nameSearchingFields));
addEventListener("load", () => setTimeout(() => {
  nameSearchingFields();
  const search = document.querySelector("#searchbar[aria-describedby]"); // its label is a picture alone
  search?.setAttribute("aria-label", search.form.querySelector("[type=submit]").value);
  for (const mark of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) mark.setAttribute("role", "img");
}));
