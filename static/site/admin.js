/* Names that Django's admin gives to elements without a role, which readers of screens then leave out. */
addEventListener("load", () => setTimeout(() => {
  for (const mark of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) mark.setAttribute("role", "img");
}));
