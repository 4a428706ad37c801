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
      ["Bound on the error", code(bound)], ["Error in ulps", ulps ?? ""], ["Headroom used", value(row, "headroom")], ["Grade", value(row, "grade")],
    ]),
    columns ? make("div", { class: "beside" }, heat(columns, rows, got, expected), around(columns, rows)) : [],
    rank(row) < 2 && !columns && value(row, "headroom") ? make("p", { class: "quiet" }, "The page has no window around this element; the record may have one: normcheck explain shows it.") : [],
    again ? [make("p", {}, "Run it again:"), copying(again)] : [],
  ].flat();
}
