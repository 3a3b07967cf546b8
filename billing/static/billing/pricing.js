/* Marks the plan of whoever is logged in. The page is the same for everybody, so this asks for it, also after Back. */
{
  const place = document.querySelector("[data-mine]");

  const mark = (mine) => {
    for (const plan of place.querySelectorAll("[data-plan]")) {
      const isMine = plan.dataset.plan === mine.plan;
      const isAll = isMine && (!mine.is_paid || !mine.interval || plan.dataset.interval === mine.interval);
      plan.querySelector(".offer-mine").hidden = !isMine;
      plan.toggleAttribute("data-is-mine", isMine);
      const manage = plan.querySelector("[data-manage]");
      if (manage) {
        manage.hidden = !isAll;
        const button = plan.querySelector("[data-choose]");
        button.form.hidden = isAll;
        if (mine.is_paid) button.textContent = isMine ? button.dataset.interval : button.dataset.change;
        else if (!mine.is_new) button.textContent = button.dataset.choose;
      }
      for (const trial of mine.is_new ? [] : plan.querySelectorAll("[data-trial]")) trial.hidden = true;
    }
    for (const start of place.querySelectorAll("[data-for-new]")) start.hidden = true;
  };

  const ask = async () => {
    try {
      const answer = await fetch(place.dataset.mine, { cache: "no-store" });
      if (answer.status === 200) mark(await answer.json());
    } catch {
      // The site can't be reached: nothing is marked.
    }
  };

  if (place) {
    ask();
    addEventListener("pageshow", (event) => event.persisted && ask());
  }
}
