/* The filter: `outcome:fail,error -dtype:float16 "two words"`. Every term must hold; a comma means or. */
const FIELDS = ["target", "layer", "case", "aspect", "subject", "dtype", "outcome", "device", "known", "symptom", "grade", "requirement", "failed", "level"];
const SEARCHED = ["target", "layer", "case", "aspect", "subject", "dtype", "outcome", "known", "symptom", "message", "requirement"];
const LISTS = new Set(["requirement", "failed"]);

function terms(query, fields = FIELDS, searched = SEARCHED) {
  const pattern = /(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/g;
  return Array.from(query.toLowerCase().matchAll(pattern), ([, minus, key, quoted, plain]) => {
    const known = fields.includes(key);
    const text = quoted ?? plain;
    return {
      wanted: !minus,
      fields: known ? [key] : searched,
      exact: known && quoted !== undefined,
      words: quoted !== undefined ? [known || !key ? text : `${key}:${text}`] : (known || !key ? text : `${key}:${text}`).split(","),
    };
  });
}

/* Which of a column's texts a term means, each looked at once. */
function meant(term, name) {
  const column = store.columns.get(name);
  column.lower ??= column.values.map((text) => text.toLowerCase());
  const one = term.exact
    ? (text, word) => text === word || (LISTS.has(name) && text.split(" ").includes(word))
    : (text, word) => text.includes(word);
  return Uint8Array.from(column.lower, (text) => (term.words.some((word) => one(text, word)) ? 1 : 0));
}

/* The numbers of the checks that meet `query`. */
function matching(query) {
  const tests = terms(query).map((term) => ({
    wanted: term.wanted,
    columns: term.fields.map((name) => ({ at: store.columns.get(name).at, meant: meant(term, name) })),
  }));
  const found = [];
  for (let row = 0; row < store.size; row += 1) {
    if (tests.every((test) => test.columns.some((one) => one.meant[one.at[row]] === 1) === test.wanted)) found.push(row);
  }
  return found;
}
