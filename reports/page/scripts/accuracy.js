/* Headroom and ulps by target, layer and dtype, counted from the list of all checks. */
const MEASURES = [
  { name: "headroom", words: "Headroom, the fraction of the bound that was used", bars: "0.0001 to 1, two bars for each power of ten", edges: [-4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0].map((power) => 10 ** power) },
  { name: "ulps", words: "Error in ulps at the worst element of each array", bars: "0.5, 1, 2, 4, 16, 64, 1,000 and a million", edges: [0.5, 1, 2, 4, 16, 64, 1e3, 1e6] },
];
const GRADED = "grade:a,b,c,f"; // what has no grade was not measured
const BAR = 6;
const TALL = 16;

/* What a text of `figure` says: NaN where there is none, and whatever is no number is beyond all edges. */
function number(text) {
  if (!text) return NaN;
  const found = Number(text.replaceAll(",", ""));
  return Number.isNaN(found) ? Infinity : found;
}

/* The measured numbers of the checks in `rows`, by what `of` says of a check and by dtype. */
function gathered(rows, measure, of) {
  const column = store.columns.get(measure.name);
  column.numbers ??= column.values.map(number);
  const found = new Map();
  for (const row of rows) {
    const one = column.numbers[column.at[row]];
    if (Number.isNaN(one)) continue;
    const key = value(row, of);
    const dtypes = found.get(key) ?? found.set(key, new Map()).get(key);
    const dtype = value(row, "dtype");
    if (dtypes.has(dtype)) dtypes.get(dtype).push(one);
    else dtypes.set(dtype, [one]);
  }
  return found;
}

function strip(numbers, edges) {
  const counts = new Array(edges.length + 1).fill(0);
  for (const one of numbers) {
    const place = edges.findIndex((edge) => one <= edge);
    counts[place < 0 ? edges.length : place] += 1;
  }
  const top = Math.max(...counts);
  const bar = (count, place) => (count ? `M${place * BAR} ${TALL}v-${Math.max(1.5, (count / top) * TALL).toFixed(1)}h${BAR - 1}V${TALL}z` : "");
  const bars = counts.map(bar);
  const width = BAR * counts.length;
  return drawn("svg", { class: "strip", "aria-hidden": "true", viewBox: `0 0 ${width} ${TALL + 1}` },
    drawn("path", { class: "within", d: bars.slice(0, -1).join("") }),
    drawn("path", { class: "over", d: bars.at(-1) }),
    drawn("path", { class: "base", d: `M0 ${TALL + 0.5}h${width}` }));
}

function shortly(one) {
  if (one === Infinity) return "beyond all bounds";
  if (one >= 1e6 || (one > 0 && one < 1e-4)) return one.toExponential(2);
  return one >= 1000 ? Math.round(one).toLocaleString("en") : String(Number(one.toPrecision(3)));
}

function stripCell(numbers, measure, query) {
  if (!numbers) return make("span", { class: "quiet" }, "none");
  numbers.sort((one, other) => one - other);
  const middle = numbers.length / 2;
  const median = (numbers[Math.ceil(middle) - 1] + numbers[Math.floor(middle)]) / 2;
  return make("div", {}, strip(numbers, measure.edges), `${shortly(median)}, ${shortly(numbers.at(-1))} `, link(`of ${numbers.length.toLocaleString("en")}`, "checks", query));
}

function stripTable(rows, measure, of, query) {
  const found = gathered(rows, measure, of);
  if (!found.size) return null;
  const dtypes = [...new Set([...found.values()].flatMap((one) => [...one.keys()]))].sort();
  const other = of === "target" ? "layer" : "target";
  const named = (key) => (of === "target" ? title(key) : store.layers.get(key) ?? key);
  const lines = Array.from(found, ([key, own]) => [
    link(named(key), "accuracy", undefined, { [of]: key }),
    ...dtypes.map((dtype) => stripCell(own.get(dtype), measure, `${query} ${quoted(of, key)} ${quoted("dtype", dtype)} ${GRADED}`.trim())),
  ]);
  const head = of === "target" ? "Target; leads to its layers" : `Layer; leads to its ${other}s`;
  return table(`${measure.words}, by ${of} and dtype. Bars part at ${measure.bars}; what is beyond the last stands in another colour. Below: median, largest, number of arrays.`, [head, ...dtypes], lines, "strips");
}

/* Rows are targets, or the layers of one target. */
function accuracies(wanted) {
  const chosen = ["target", "layer"].map((name) => [name, wanted.get(name) ?? ""]);
  for (const [name, text] of chosen) at(`of-${name}`).value = text;
  const given = chosen.filter(([, text]) => text);
  const columns = given.map(([name, text]) => [store.columns.get(name), text]);
  const rows = [];
  for (let row = 0; row < store.size; row += 1) if (columns.every(([column, text]) => column.values[column.at[row]] === text)) rows.push(row);
  const query = given.map(([name, text]) => quoted(name, text)).join(" ");
  const of = wanted.get("target") ? "layer" : "target";
  const tables = MEASURES.map((measure) => stripTable(rows, measure, of, query)).filter(Boolean);
  at("strips").replaceChildren(...(tables.length ? tables : [make("p", {}, "No array here was compared with an exact answer.")]));
}

function choosing() {
  for (const name of ["target", "layer"]) {
    const all = store.columns.get(name).values;
    const shown = (one) => (name === "target" ? title(one) : store.layers.get(one) ?? one);
    at(`of-${name}`).replaceChildren(make("option", { value: "" }, `all ${name}s`), ...all.map((one) => make("option", { value: one }, shown(one))));
    at(`of-${name}`).addEventListener("change", () => {
      location.hash = address("accuracy", undefined, { target: at("of-target").value, layer: at("of-layer").value });
    });
  }
  at("choice").hidden = false;
}
