/* What is known of one check. */
function requirementItems(names) {
  return names.map((name) => {
    const [, level, sentence, source] = store.requirements.get(name) ?? ["", "", "", ""];
    return make("li", {}, link(make("code", {}, name), "requirement", name), " ", level && `${level}: `, sentence, " ", make("span", { class: "quiet" }, source));
  });
}

function ledgerText(name) {
  const [reason, ...places] = store.ledger.get(name) ?? [""];
  return make("p", {}, make("strong", {}, "Known: "), link(make("code", {}, name), "ledger", name), ` ${reason} `, make("span", { class: "quiet" }, places.filter(Boolean).join(" ")));
}

/* How a script of the case can be had: it is here, or one of a like case is, or a command prints it. */
function scripted(row, again) {
  const [name, target] = [value(row, "case"), value(row, "target")];
  const own = store.scripts.find((one) => one[0] === name && one[1] === target);
  if (own) {
    const words = "A script that does this with the framework alone";
    return [make("details", { class: "script" }, make("summary", {}, words), copying(own[2], "pre"))];
  }
  const finding = (one) => value(one, "known") || value(one, "symptom");
  const alike = (one) => value(one, "target") === target && rank(one) < 2 && finding(one) === finding(row);
  const like = store.scripts.find((one) => one[1] === target && having("case", one[0]).some(alike));
  const asked = [...again.matchAll(/ --target (\S+)/g)];
  const command = asked.length === 1 ? copying(`normcheck reproduce '${name}' --target ${asked[0][1]}`) : null;
  return [
    command && make("p", {}, "For a script that runs by itself:"), command,
    like && make("p", {}, "The script of another case with the same finding stands in ", link(like[0], "case", like[0], { target }), "."),
  ];
}

function evidence(row) {
  const [index, got, expected, bound, ulps, columns, rows] = store.worst.get(String(row)) ?? [];
  const failed = words(row, "failed");
  const outcome = value(row, "outcome");
  const again = value(row, "reproduce").replaceAll(CASE, value(row, "case"));
  const code = (text) => (text === undefined ? "" : make("code", {}, text));
  return [
    make("h3", {}, mark(outcome), " ", about(row), " ", make("span", { class: "quiet" }, `${title(value(row, "target"))} · ${value(row, "dtype")}`)),
    value(row, "message") && make("p", { class: "message" }, value(row, "message")),
    value(row, "cause") && make("p", {}, make("strong", {}, "Likely cause: "), value(row, "cause")),
    value(row, "known") && ledgerText(value(row, "known")),
    failed.length ? [make("p", {}, `Does not hold (${value(row, "level")}):`), make("ul", { class: "must" }, requirementItems(failed))] : [],
    facts([
      ["Symptom", value(row, "symptom")], ["Worst element", index === undefined ? "" : `[${index}]`], ["Expected", code(expected)], ["Got", code(got)],
      ["Error", got === undefined ? "" : code(shortly(off(expected, got)))], ["Bound on the error", code(bound)], ["Error in ulps", ulps || value(row, "ulps")], ["Headroom used", value(row, "headroom")], ["Grade", value(row, "grade")],
    ]),
    columns ? make("div", { class: "beside" }, heat(columns, rows, got, expected), around(columns, rows)) : [],
    rank(row) < 2 && !columns && value(row, "headroom") ? make("p", { class: "quiet" }, "The page has no window around this element; the record may have one: normcheck explain shows it.") : [],
    again ? [make("p", {}, "Run it again:"), copying(again)] : [],
    rank(row) < 2 ? scripted(row, again) : [],
  ].flat();
}
