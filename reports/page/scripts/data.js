/* What the page holds of every check, column by column: a column has its different texts, and for each check which
   of them is its own. */
const CASE = "\u0001";
const store = { columns: new Map(), size: 0, worst: new Map(), targets: new Map(), layers: new Map(), requirements: new Map(), ledger: new Map(), asked: new Map(), scripts: [], failing: new Set() };

async function unpacked(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let place = 0; place < raw.length; place += 1) bytes[place] = raw.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function keep(found) {
  for (const name of ["columns", "worst", "targets", "layers", "requirements", "ledger"]) {
    store[name] = new Map(Object.entries(found[name]));
  }
  store.failing = new Set(found.outcomes);
  store.scripts = found.scripts;
  const { case: cases, arguments: settled, recipe } = found.cases;
  cases.forEach((name, place) => store.asked.set(name, [settled.values[settled.at[place]], recipe.values[recipe.at[place]]]));
  const target = store.columns.get("target");
  store.columns.set("device", { values: target.values.map((name) => store.targets.get(name)?.device ?? ""), at: target.at });
  store.size = target.at.length;
}

function value(row, name) {
  const column = store.columns.get(name);
  return column.values[column.at[row]];
}

function words(row, name) {
  return value(row, name).split(" ").filter(Boolean);
}

function title(target) {
  return store.targets.get(target)?.title || target;
}

/* The numbers of the checks whose `name` is exactly `text`, in the record's order. */
function having(name, text) {
  const column = store.columns.get(name);
  const wanted = column.values.map((one) => one === text);
  const found = [];
  for (let row = 0; row < store.size; row += 1) if (wanted[column.at[row]]) found.push(row);
  return found;
}

/* Checks by how much they need a look: what nobody explains first. */
function rank(row) {
  const outcome = value(row, "outcome");
  if (store.failing.has(outcome)) return 0;
  return { known: 1, pass: 2 }[outcome] ?? 3;
}
