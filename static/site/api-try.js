/* Mends what Swagger UI writes and readers of screens stumble over; it writes anew whenever something is opened. */
{
  const page = document.getElementById("swagger-ui");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", paint);
  paint();
  const set = (selector, attributes) => {
    for (const element of page.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributes)) {
        if (element.getAttribute(name) !== value) element.setAttribute(name, value);
      }
    }
  };
  const mend = () => {
    // What stands outside of its main part.
    set(".information-container", { role: "region", "aria-label": "About" });
    set(".scheme-container", { role: "region", "aria-label": "Authorization" });
    set("section.models", { "aria-label": "Schemas" });
    // Headings go down one by one.
    set(".info .title", { role: "heading", "aria-level": "1" });
    set("h3.opblock-tag, section.models > h4", { role: "heading", "aria-level": "2" });
    set(".opblock-body h4", { role: "heading", "aria-level": "3" });
    set(".opblock-body h5", { role: "heading", "aria-level": "4" });
    // Its tables of answers call themselves regions, all of no name.
    set("table.responses-table", { role: "table" });
    set(".curl", { "aria-label": "curl" });
    set("textarea.body-param__text", { "aria-label": "Request body" });
    set(".servers select", { "aria-label": "Server" });
    set(".examples-select-element", { "aria-label": "Example" });
    set("pre.microlight", { tabindex: "0" }); // wider than a phone: scrolled by keyboard too
    // A link inside of a button; the button does the same.
    for (const element of page.querySelectorAll("button a[href]")) element.removeAttribute("href");
  };
  // The description names the site's one address; what is tried out here goes to where this page came from.
  const configs = ui.getConfigs();
  const intercept = configs.requestInterceptor;
  configs.requestInterceptor = (request) => {
    const { pathname, search } = new URL(request.url, location.href);
    request.url = `${location.origin}${pathname}${search}`;
    return intercept(request);
  };
  new MutationObserver(mend).observe(page, { childList: true, subtree: true });
  mend();
}
