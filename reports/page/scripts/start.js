for (const button of document.querySelectorAll(".copy")) button.hidden = false;
document.addEventListener("click", (event) => {
  if (event.target.matches?.(".copy")) copied(event.target);
});
addEventListener("hashchange", routed);
addEventListener("beforeprint", printed);
document.addEventListener("keydown", keyed);
at("close").addEventListener("click", () => at("keys").close());
at("help").addEventListener("click", () => at("keys").showModal());
at("help").hidden = false;
narrowing();
routed();
unpacked(at("data").textContent).then((found) => {
  keep(found);
  at("data").remove();
  route.ready = true;
  for (const [id, text] of Object.entries(found.views)) at(id).innerHTML = text;
  listing();
  choosing();
  route.first = true;
  routed();
  document.body.dataset.settled = "true";
}, () => {
  at("status").textContent = "This browser cannot unpack the list of all checks; use one from 2023 or later.";
});
