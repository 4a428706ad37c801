/* A view whose entries all stand in the page: narrowed by a filter that stands in the address, `#compare=layer:batch`. */
const TEXT = ["text"];

function textOf(entry, field) {
  entry.lower ??= { text: entry.textContent.replace(/\s+/g, " ").toLowerCase() };
  return (entry.lower[field] ??= (entry.dataset[field] ?? "").toLowerCase());
}

function meets(entry, tests) {
  return tests.every(({ wanted, fields, exact, words: texts }) => {
    const text = textOf(entry, fields[0]);
    return texts.some((word) => (exact ? text.split("\n").includes(word) : text.includes(word))) === wanted;
  });
}

function narrowed(form, query) {
  const section = form.closest(".view");
  const tests = terms(query, form.dataset.fields.split(" "), TEXT);
  const entries = [...section.querySelectorAll("[data-entry]")];
  for (const entry of entries) entry.classList.toggle("out", !meets(entry, tests));
  for (const group of section.querySelectorAll("[data-group]")) {
    group.classList.toggle("out", !group.querySelector("[data-entry]:not(.out)"));
  }
  const counted = entries.filter((entry) => entry.dataset.entry);
  const left = counted.filter((entry) => !entry.classList.contains("out")).length;
  const [total, shown] = [counted.length, left].map((number) => number.toLocaleString("en"));
  form.querySelector("[role=status]").textContent = query.trim() ? `${shown} of ${total} ${form.dataset.what}` : "";
}

/* The filter as the address has it. */
function addressed() {
  const [name, query] = new URLSearchParams(location.hash.slice(1)).entries().next().value ?? ["", ""];
  for (const form of document.querySelectorAll(".narrow")) {
    const input = form.querySelector("input");
    const wanted = form.closest(".view").id === name ? query : input.value;
    if (wanted !== input.value || form.hidden) {
      input.value = wanted;
      narrowed(form, wanted);
    }
    form.hidden = false;
  }
}

function narrowing() {
  for (const form of document.querySelectorAll(".narrow")) {
    const input = form.querySelector("input");
    form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", () => {
      history.replaceState(null, "", address(form.closest(".view").id, input.value || undefined));
      narrowed(form, input.value);
    });
  }
  addEventListener("hashchange", addressed);
  addressed();
}
