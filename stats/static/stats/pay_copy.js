/* Copies and shares a payment code, copies a link that fills in the form, and prints. What the browser can't do is not
   offered. The link has the data in its fragment, which is part of no request. */
{
  const PIXELS = 10; // to a module, as in the file that the server sends
  const form = document.getElementById("pay-form");
  const said = document.querySelector("[data-copy-said]");
  const square = document.querySelector(".payment-code svg");

  const held = (name) => {
    const control = form.elements.namedItem(name);
    return control.type === "checkbox" && !control.checked ? "" : control.value;
  };

  const link = () => {
    const data = new URLSearchParams();
    for (const name of form.dataset.linked.split(" ")) {
      const value = held(name);
      if (value) data.append(name === "beneficiary" ? "name" : name, value);
    }
    return `${location.origin}${new URL(form.action).pathname}#${data}`;
  };

  const picture = () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = square.viewBox.baseVal.width * PIXELS;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.scale(PIXELS, PIXELS);
    pen.stroke(new Path2D(square.querySelector("path[stroke]").getAttribute("d")));
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  };

  const file = async (name) => new File([await picture()], name, { type: "image/png" });
  const canShare = () => navigator.canShare?.({ files: [new File([], "code.png", { type: "image/png" })] }) ?? false;

  const acts = {
    link: [() => navigator.clipboard?.writeText, () => navigator.clipboard.writeText(link())],
    text: [() => navigator.clipboard?.writeText, ({ text }) => navigator.clipboard.writeText(text)],
    picture: [
      () => navigator.clipboard?.write && window.ClipboardItem,
      () => navigator.clipboard.write([new ClipboardItem({ "image/png": picture() })]),
    ],
    share: [canShare, async (data) => navigator.share({ files: [await file(data.file)] })],
    print: [() => true, () => window.print()],
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    const [isPossible, act] = acts[button.dataset.copy];
    if (!isPossible()) continue;
    button.hidden = false;
    button.closest("[data-copies]")?.removeAttribute("hidden");
    button.addEventListener("click", async () => {
      try {
        await act(button.dataset);
        if (said) said.textContent = button.dataset.done;
      } catch (error) {
        // Whoever closes the dialogue of the system has not asked for a message.
        if (said && error.name !== "AbortError") said.textContent = said.dataset.failed;
      }
    });
  }
}
