"use strict";
(() => {
  const PAGE = 200;
  const GLYPHS = { pass: "✓", known: "◆", fail: "✕", error: "!", crash: "▲", timeout: "◔", unsupported: "–" };
  const at = (id) => document.getElementById(id);
  let fields = [];
  let rows = [];
  let found = [];
  let start = 0;

  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  /* `outcome:fail,error -dtype:float16 "two words"`: every term must hold; a comma means or. */
  function terms(query) {
    const pattern = /(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/g;
    return Array.from(query.toLowerCase().matchAll(pattern), ([, minus, key, quoted, plain]) => ({
      wanted: !minus,
      field: fields.indexOf(key),
      exact: quoted !== undefined && key !== undefined,
      words: quoted !== undefined ? [quoted] : (fields.includes(key) || !key ? plain : `${key}:${plain}`).split(","),
    }));
  }

  function holds(term, row) {
    const text = term.field < 0 ? row.text : row.lower[term.field];
    return term.words.some((word) => (term.exact ? text === word : text.includes(word))) === term.wanted;
  }

  function filter() {
    const wanted = terms(at("filter").value);
    found = rows.filter((row) => wanted.every((term) => holds(term, row)));
    start = 0;
    show();
  }

  function cell(text, kind) {
    const made = document.createElement("td");
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function line(row) {
    const value = (name) => row.values[fields.indexOf(name)];
    const outcome = value("outcome");
    const made = document.createElement("tr");
    const aspect = value("subject") ? `${value("aspect")} of ${value("subject")}` : value("aspect");
    const words = [value("symptom"), value("text")].filter(Boolean).join(": ");
    made.append(
      cell(`${GLYPHS[outcome]} ${outcome}`, `mark ${outcome}`), cell(value("target")), cell(value("case")), cell(aspect),
      cell(value("dtype")), cell(value("headroom"), "num"), cell(value("grade")), cell(words),
    );
    return made;
  }

  function show() {
    const end = Math.min(start + PAGE, found.length);
    at("rows").replaceChildren(...found.slice(start, end).map(line));
    const range = found.length > PAGE ? ` Shown: ${start + 1} to ${end}.` : "";
    at("status").textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} checks.${range}`;
    at("list").hidden = found.length === 0;
    at("pages").hidden = found.length <= PAGE;
    at("previous").disabled = start === 0;
    at("next").disabled = end === found.length;
  }

  function turn(step) {
    start += step * PAGE;
    show();
    at("all").scrollIntoView();
  }

  async function copy(button) {
    const text = button.previousElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  function copying() {
    for (const button of document.querySelectorAll(".copy")) {
      button.hidden = false;
      button.addEventListener("click", () => copy(button));
    }
  }

  /* What is folded away would be missing on paper. */
  function printing() {
    addEventListener("beforeprint", () => {
      for (const closed of document.querySelectorAll("details:not([open])")) closed.open = true;
    });
  }

  function listing(data) {
    fields = data.fields;
    rows = data.rows.map((values) => {
      const lower = values.map((value) => value.toLowerCase());
      return { values, lower, text: lower.join(" ") };
    });
    at("search").hidden = false;
    at("search").addEventListener("submit", (event) => event.preventDefault());
    let waiting = 0;
    at("filter").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 80);
    });
    at("previous").addEventListener("click", () => turn(-1));
    at("next").addEventListener("click", () => turn(1));
    for (const link of document.querySelectorAll("[data-filter]")) {
      link.addEventListener("click", () => {
        at("filter").value = link.dataset.filter;
        filter();
      });
    }
    filter();
  }

  copying();
  printing();
  at("status").textContent = "Reading the list of all checks.";
  unpacked(at("data").textContent).then(listing, () => {
    at("status").textContent = "This browser cannot unpack the list of all checks; use one from 2023 or later.";
  });
})();
