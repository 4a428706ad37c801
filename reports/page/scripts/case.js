/* The views of one case, one cell of the matrix, one requirement. Each gives a title and what stands below it. */
const MOST_LISTED = 50;
const MAY_HAPPEN = ["fail", "error", "crash", "timeout", "known", "pass", "unsupported"];

function counted(rows, name) {
  const found = new Map();
  for (const row of rows) {
    for (const key of name === "requirement" ? words(row, name) : [value(row, name)]) {
      const counts = found.get(key) ?? found.set(key, {}).get(key);
      const outcome = value(row, "outcome");
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
  }
  return found;
}

function byOutcome(rows) {
  const total = {};
  for (const row of rows) total[value(row, "outcome")] = (total[value(row, "outcome")] ?? 0) + 1;
  return make("p", { class: "counts" }, MAY_HAPPEN.filter((outcome) => total[outcome]).map((outcome) => mark(outcome, total[outcome])));
}

function outcomeTable(caption, head, counts, shown) {
  const present = MAY_HAPPEN.filter((outcome) => [...counts.values()].some((one) => one[outcome]));
  return table(caption, [head, ...present], Array.from(counts, ([key, one]) => [shown(key), ...present.map((outcome) => one[outcome] ?? 0)]));
}

function worthALook(rows, query) {
  const found = rows.filter((row) => rank(row) < 2).sort((one, other) => rank(one) - rank(other));
  const all = make("p", {}, link(`All ${rows.length.toLocaleString("en")} checks in the list`, "checks", query));
  if (!found.length) return [make("p", {}, "Nothing failed here, and nothing is known to deviate."), all];
  const lines = found.slice(0, MOST_LISTED).map((row) => [caseLink(row), mark(value(row, "outcome")), title(value(row, "target")), about(row), value(row, "symptom")]);
  const caption = found.length > MOST_LISTED ? `The first ${MOST_LISTED} of ${found.length.toLocaleString("en")} that fail or deviate` : "What fails or deviates";
  return [table(caption, ["Case", "Outcome", "Target", "Aspect", "Symptom"], lines), all];
}

/* What the name of a case says of its arguments: `features=3,dtype=float16`. */
function named(name) {
  return name.split("/").slice(1).filter((part) => part.includes("=")).flatMap((part) => part.split(","))
    .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]);
}

/* What a case asks: its arguments and what it is given, as far as the record says. */
function whatIsAsked(name) {
  const [settled, recipe] = store.asked.get(name) ?? [];
  if (recipe === undefined) return [facts([...named(name), ["Arguments", "as its layer's spec gives them; the record holds of them what the name says"]])];
  const lines = (text) => make("ul", { class: "lines" }, text.split("\n").map((line) => make("li", {}, make("code", {}, line))));
  return [
    make("h3", {}, "Arguments"), settled ? lines(settled) : make("p", {}, "None: all are as the dialect has them."),
    make("h3", {}, "Input"), lines(recipe),
    make("p", { class: "quiet" }, "A named family, and weights that are drawn, come from the case's id alone: the same bits in each run."),
  ];
}

function aspectMatrix(rows, chosen) {
  const aspects = [...new Set(rows.map(about))];
  const targets = [...new Set(rows.map((row) => value(row, "target")))];
  const cell = (row) => {
    const made = link(mark(value(row, "outcome")), "case", value(row, "case"), { target: value(row, "target"), aspect: value(row, "aspect"), subject: value(row, "subject") });
    if (row === chosen) made.setAttribute("aria-current", "true");
    return made;
  };
  const lines = targets.map((target) => {
    const own = rows.filter((row) => value(row, "target") === target);
    return [title(target), ...aspects.map((aspect) => {
      const found = own.filter((row) => about(row) === aspect);
      return found.length ? make("span", {}, found.map(cell)) : make("span", { class: "quiet" }, "not judged");
    })];
  });
  return table("Outcome of each aspect on each target; each leads to its evidence below", ["Target", ...aspects], lines, "matrix");
}

function caseView(name, wanted) {
  const rows = having("case", name);
  if (!rows.length) return [name, make("p", {}, "This record has no check of such a case.")];
  const fits = (row) => ["target", "aspect", "subject"].every((field) => !wanted.get(field) || wanted.get(field) === value(row, field));
  const asked = rows.filter(fits);
  const chosen = [...(asked.length ? asked : rows)].sort((one, other) => rank(one) - rank(other))[0];
  const layer = value(chosen, "layer");
  const names = [...new Set(rows.flatMap((row) => words(row, "requirement")))];
  return [
    name,
    make("p", {}, link(store.layers.get(layer) ?? layer, "spec", layer), make("span", { class: "quiet" }, ` · ${rows.length.toLocaleString("en")} checks`)),
    byOutcome(rows),
    make("div", { class: "evidence", id: "evidence" }, evidence(chosen)),
    ...whatIsAsked(name),
    make("h3", {}, "On each target"), aspectMatrix(rows, chosen),
    make("h3", {}, "Requirements"), make("ul", { class: "must" }, requirementItems(names)),
  ];
}

function cellView(layer, wanted) {
  const target = wanted.get("target") ?? "";
  const rows = having("layer", layer).filter((row) => value(row, "target") === target);
  const query = `${quoted("layer", layer)} ${quoted("target", target)}`;
  if (!rows.length) return [`${layer} on ${target}`, make("p", {}, "This record has no check of such a layer and target.")];
  return [
    `${store.layers.get(layer) ?? layer} on ${title(target)}`,
    byOutcome(rows),
    worthALook(rows, query),
    make("h3", {}, "By aspect"), outcomeTable("Number of checks by aspect", "Aspect", counted(rows, "aspect"), (aspect) => link(aspect, "checks", `${query} ${quoted("aspect", aspect)}`)),
    make("h3", {}, "By requirement"), outcomeTable("Number of checks by requirement", "Requirement", counted(rows, "requirement"), (name) => link(name, "requirement", name)),
  ].flat();
}

function requirementView(name) {
  const [layer, level, sentence, source] = store.requirements.get(name) ?? ["", "", "", ""];
  const column = store.columns.get("requirement");
  const has = column.values.map((text) => text.split(" ").includes(name));
  const rows = [];
  for (let row = 0; row < store.size; row += 1) if (has[column.at[row]]) rows.push(row);
  const byCase = [...counted(rows, "case")];
  const failing = rows.filter((row) => rank(row) > 1 || words(row, "failed").includes(name));
  return [
    name,
    sentence ? make("p", { class: "sentence" }, `${level}: ${sentence}`) : make("p", {}, "The record does not hold this requirement's sentence."),
    make("p", { class: "quiet" }, source),
    layer && make("p", {}, link(store.layers.get(layer) ?? layer, "spec", layer)),
    rows.length ? [
      byOutcome(rows),
      worthALook(failing, quoted("requirement", name)),
      make("h3", {}, "By case"), outcomeTable(byCase.length > MOST_LISTED ? `The first ${MOST_LISTED} of ${byCase.length.toLocaleString("en")} cases that look at it` : "Cases that look at it", "Case", new Map(byCase.slice(0, MOST_LISTED)), (one) => link(one, "case", one)),
      make("h3", {}, "By target"), outcomeTable("Number of checks by target", "Target", counted(rows, "target"), title),
    ].flat() : make("p", {}, "No check of this record looks at it."),
  ].flat();
}
