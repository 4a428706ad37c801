/* A page of one view: its filter, copying, one key, and paper. */
for (const button of document.querySelectorAll(".copy")) button.hidden = false;
document.addEventListener("click", (event) => {
  if (event.target.matches?.(".copy")) copied(event.target);
});
document.addEventListener("keydown", (event) => {
  const filter = document.querySelector(".narrow input");
  if (event.ctrlKey || event.metaKey || event.altKey || !filter) return;
  if (event.key === "Escape" && event.target === filter) filter.blur();
  if (event.key !== "/" || event.target.closest?.("input")) return;
  event.preventDefault();
  filter.focus();
});
addEventListener("beforeprint", () => {
  for (const closed of document.querySelectorAll("details:not([open])")) closed.open = true;
});
narrowing();
document.body.dataset.settled = "true";
