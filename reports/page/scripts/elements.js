/* Elements, made with text that stays text. */
const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
const at = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, text] of Object.entries(attributes)) if (text !== false) made.setAttribute(name, text);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function drawn(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, text] of Object.entries(attributes)) made.setAttribute(name, text);
  made.append(...children);
  return made;
}

function mark(outcome, number) {
  const counted = number === undefined ? "" : `${number.toLocaleString("en")} `;
  return make("span", { class: `mark ${outcome}` }, `${counted}${outcome}`);
}

/* `#case=ID&target=NAME`: what a view shows stands in the address, so that it can be sent. */
function address(view, argument, more = {}) {
  const text = (value) => encodeURIComponent(value).replace(/%(2F|3D|2C|3A|40)/g, (code) => decodeURIComponent(code));
  const rest = Object.entries(more).filter(([, one]) => one).map(([name, one]) => `&${name}=${text(one)}`);
  return `#${view}${argument === undefined ? "" : `=${text(argument)}`}${rest.join("")}`;
}

function quoted(name, text) {
  return `${name}:"${text}"`;
}

function link(text, ...where) {
  return make("a", { href: address(...where) }, text);
}

function about(row) {
  const subject = value(row, "subject");
  return subject ? `${value(row, "aspect")} of ${subject}` : value(row, "aspect");
}

function caseLink(row) {
  return link(value(row, "case"), "case", value(row, "case"), { target: value(row, "target"), aspect: value(row, "aspect"), subject: value(row, "subject") });
}

function facts(pairs) {
  const shown = pairs.filter(([, text]) => text !== "" && text !== undefined);
  return make("dl", { class: "facts" }, shown.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))));
}

/* head: texts; rows: lists of what stands in the cells, the first of which names the row. */
function table(caption, head, rows, kind = "") {
  const number = (text) => (typeof text === "number" ? { class: "num" } : {});
  const shown = (text) => (typeof text === "number" ? (text ? text.toLocaleString("en") : "–") : text);
  const top = head.map((text, place) => make("th", { scope: "col", ...number(rows[0]?.[place]) }, text));
  const lines = rows.map(([first, ...rest]) => make("tr", {}, make("th", { scope: "row" }, first), rest.map((text) => make("td", number(text), shown(text)))));
  const whole = make("table", { class: kind }, make("caption", {}, caption), make("thead", {}, make("tr", {}, top)), make("tbody", {}, lines));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, whole);
}

async function copied(button) {
  const source = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

function copying(text, kind = "code") {
  const focus = kind === "pre" ? { tabindex: "0", role: "region", "aria-label": "Script" } : {};
  return make("div", { class: "reproduce" }, make(kind, focus, text), make("button", { type: "button", class: "copy" }, "Copy"));
}
