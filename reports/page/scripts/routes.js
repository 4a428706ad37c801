/* Which view the address names: `#overview`, `#checks=outcome:fail`, `#case=ID&target=NAME`. */
const MADE = { case: caseView, cell: cellView, requirement: requirementView };
const route = { ready: false, first: true };

function parsed() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const [view, argument] = wanted.entries().next().value ?? ["overview", ""];
  return { view, argument, wanted };
}

function detail(view, argument, wanted) {
  const [name, ...rest] = route.ready ? MADE[view](argument, wanted) : [argument, make("p", {}, "Reading the record.")];
  at("detail").replaceChildren(make("h2", { id: "detail-title", tabindex: "-1" }, name), ...rest.flat().filter((part) => part instanceof Node));
}

function routed() {
  const { view, argument, wanted } = parsed();
  const made = Object.hasOwn(MADE, view);
  const section = (made ? at("detail") : at(view)?.closest(".view")) ?? at("overview");
  if (made) detail(view, argument, wanted);
  for (const one of document.querySelectorAll(".view")) one.classList.toggle("current", one === section);
  for (const one of document.querySelectorAll("#views a")) {
    if (one.hash === `#${section.id}`) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  if (section.id === "checks" && route.ready) {
    at("filter").value = argument;
    if (list.query === argument) windowed();
    else filtered(argument);
  }
  if (section.id === "accuracy" && route.ready) accuracies(wanted);
  document.documentElement.classList.add("routed");
  arrived(section, view, argument);
}

/* The focus goes to what was asked for, as it would on a page of its own. */
function arrived(section, view, argument) {
  const parts = [...section.querySelectorAll("[data-part]")];
  const inside = at(view) !== section && section.contains(at(view)) ? at(view) : undefined;
  const part = inside ?? (argument ? parts.find((one) => one.dataset.part === argument) : undefined);
  const heading = section.querySelector("h2");
  document.title = `${heading.textContent} · normcheck`;
  if (part) {
    for (let outer = part; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
    part.scrollIntoView();
  } else if (!route.first) scrollTo(0, 0);
  if (!route.first) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  route.first = false;
}
