/* The list of all checks: only the rows in sight, and some around them, are there. */
const AROUND = 12;
const list = { found: [], shown: new Map(), current: -1, height: 32, query: null };

function listRow(place) {
  const row = list.found[place];
  const outcome = value(row, "outcome");
  const text = [value(row, "symptom"), value(row, "message")].filter(Boolean).join(": ");
  const cells = [mark(outcome), value(row, "target"), caseLink(row), about(row), value(row, "dtype"), value(row, "headroom"), value(row, "grade"), text];
  return make("tr", { "aria-rowindex": place + 2, class: place === list.current ? "current" : "" }, cells.map((cell, column) => {
    const plain = typeof cell === "string" ? { title: cell } : {};
    return make("td", { ...plain, ...(column === 5 ? { class: "num" } : {}) }, cell);
  }));
}

function spacer(id, rows) {
  at(id).firstElementChild.style.height = `${rows * list.height}px`;
  at(id).hidden = rows === 0;
}

/* Takes away the rows that left and adds those that came, so that a row in sight keeps the focus. */
function windowed() {
  const pane = at("list");
  if (!pane.clientHeight) return;
  const first = Math.max(0, Math.floor(pane.scrollTop / list.height) - AROUND);
  const last = Math.min(list.found.length, Math.ceil((pane.scrollTop + pane.clientHeight) / list.height) + AROUND);
  for (const [place, row] of list.shown) {
    if (place < first || place >= last) {
      row.remove();
      list.shown.delete(place);
    }
  }
  let before = at("above");
  for (let place = first; place < last; place += 1) {
    if (!list.shown.has(place)) {
      list.shown.set(place, listRow(place));
      before.after(list.shown.get(place));
    }
    before = list.shown.get(place);
  }
  spacer("above", first);
  spacer("below", list.found.length - last);
}

function filtered(query) {
  list.query = query;
  list.found = matching(query);
  list.current = -1;
  for (const row of list.shown.values()) row.remove();
  list.shown.clear();
  at("list").hidden = list.found.length === 0;
  at("list").scrollTop = 0;
  at("table").setAttribute("aria-rowcount", list.found.length + 1);
  at("status").textContent = `${list.found.length.toLocaleString("en")} of ${store.size.toLocaleString("en")} checks.`;
  windowed();
  const one = list.shown.values().next().value;
  if (one && one.offsetHeight && one.offsetHeight !== list.height) {
    list.height = one.offsetHeight;
    windowed();
  }
}

/* Moves by `step` rows, into sight, with the focus on the case. */
function moved(step) {
  if (!list.found.length) return;
  list.shown.get(list.current)?.classList.remove("current");
  list.current = Math.min(Math.max(list.current + step, 0), list.found.length - 1);
  const pane = at("list");
  const top = list.current * list.height;
  if (top < pane.scrollTop || top + 3 * list.height > pane.scrollTop + pane.clientHeight) {
    pane.scrollTop = Math.max(0, top - pane.clientHeight / 2);
  }
  windowed();
  const row = list.shown.get(list.current);
  row.classList.add("current");
  row.querySelector("a").focus({ preventScroll: true });
}

function listing() {
  let waiting = 0;
  at("search").hidden = false;
  at("search").addEventListener("submit", (event) => event.preventDefault());
  at("filter").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      history.replaceState(null, "", address("checks", at("filter").value || undefined));
      filtered(at("filter").value);
    }, 60);
  });
  at("list").addEventListener("scroll", windowed, { passive: true });
  addEventListener("resize", windowed);
}
