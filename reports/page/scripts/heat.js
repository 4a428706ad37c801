/* The error in a window around the worst element, as a picture: the stronger the larger, six decades in all. */
const SIDE = 20;
const DECADES = 6;

function off(expected, got) {
  if (expected === got) return 0;
  const distance = Math.abs(Number(got) - Number(expected));
  return Number.isNaN(distance) ? Infinity : distance;
}

/* From 0 (no error) to 1 (the largest of the window, or not finite where the exact answer is, or the other way). */
function strength(error, largest) {
  if (error === 0) return 0;
  if (error === Infinity || largest === 0) return 1;
  return Math.min(1, Math.max(0.06, 1 + Math.log10(error / largest) / DECADES));
}

/* A window has fewer digits than the worst element itself, whose two numbers are `got` and `expected`. */
function heat(columns, rows, got, expected) {
  const errors = rows.map(([, exact, seen, worst]) => seen.map((text, place) => (place === worst ? off(expected, got) : off(exact[place], text))));
  const finite = errors.flat().filter((error) => error !== Infinity);
  const largest = Math.max(0, ...finite);
  const squares = errors.flatMap((line, down) => line.map((error, across) => {
    const name = drawn("title", {}, `${rows[down][0] ? `${rows[down][0]}, ` : ""}${columns[across] ?? across}: off by ${error === Infinity ? "more than any number" : error.toPrecision(3)}`);
    const worst = rows[down][3] === across ? " worst" : "";
    return drawn("rect", { class: `square${worst}`, x: across * SIDE + 1, y: down * SIDE + 1, width: SIDE - 2, height: SIDE - 2, "fill-opacity": strength(error, largest).toFixed(2) }, name);
  }));
  const width = Math.max(1, ...errors.map((line) => line.length)) * SIDE;
  const label = `Error around the worst element; the largest shown is ${largest.toPrecision(3)}. The table beside has the numbers.`;
  const picture = drawn("svg", { role: "img", "aria-label": label, class: "heat", viewBox: `0 0 ${width} ${rows.length * SIDE}`, width, height: rows.length * SIDE }, ...squares);
  return make("figure", { class: "heat" }, picture, make("figcaption", { class: "quiet" }, "Error, in six decades from the largest (strongest) down; the worst element has a frame. The others are known to seven digits."));
}

function around(columns, rows) {
  const head = make("tr", {}, make("th", { scope: "col" }, "index"), columns.map((column) => make("th", { scope: "col" }, String(column))));
  const line = (label, texts, worst, kind) => make("tr", { class: kind }, make("th", { scope: "row" }, label), texts.map((text, place) => make("td", place === worst ? { class: "worst" } : {}, text)));
  const body = rows.flatMap(([label, expected, got, worst]) => [line(`${label} expected`, expected, worst, "expected"), line(`${label} got`, got, worst, "")]);
  const whole = make("table", { class: "around" }, make("caption", {}, "Around the worst element, which is in bold"), make("thead", {}, head), make("tbody", {}, body));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Elements around the worst" }, whole);
}
