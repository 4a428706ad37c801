/* The keyboard, copying, and paper. */
function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

function escaped(event) {
  if (typing(event.target)) event.target.blur();
  else if (["case", "cell", "requirement"].includes(parsed().view)) history.back();
}

function searched() {
  const own = document.querySelector(".view.current .narrow input");
  if (own) {
    own.focus();
    return;
  }
  if (parsed().view !== "checks") location.hash = "#checks";
  setTimeout(() => at("filter").focus());
}

const KEYS = {
  "/": searched,
  "?": () => at("keys").showModal(),
  j: () => moved(1),
  k: () => moved(-1),
};

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  if (event.key === "Escape") escaped(event);
  if (typing(event.target) || !Object.hasOwn(KEYS, event.key)) return;
  if ((event.key === "j" || event.key === "k") && parsed().view !== "checks") return;
  event.preventDefault();
  KEYS[event.key](event);
}

/* What is folded away would be missing on paper. */
function printed() {
  for (const closed of document.querySelectorAll(".current details:not([open])")) closed.open = true;
}
