"use strict";
// Sorting and searching of tables. The page says the same without it.
(() => {
  const TOGETHER = 50;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  document.documentElement.classList.add("js");

  // What a cell is sorted by: its rank, its moment, its number or its text.
  const key = (row, column, isNumber) => {
    const cell = row.cells[column];
    if (!cell) return "";
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const time = cell.querySelector("time");
    if (time) return time.dateTime;
    const text = cell.textContent.trim();
    return isNumber ? Number(text) || 0 : text;
  };
  const isNothing = (value) => value === "" || value === "\u2013";
  const compare = (left, right) => {
    if (isNothing(left) || isNothing(right)) return isNothing(left) - isNothing(right);
    return typeof left === "number" && typeof right === "number" ? left - right : collator.compare(left, right);
  };

  // Lays rows out again, so many together that a browser can leave out what is not in sight.
  const show = (table, rows) => {
    const bodies = [];
    for (let at = 0; at < rows.length || at === 0; at += TOGETHER) {
      const body = document.createElement("tbody");
      body.setAttribute("role", "rowgroup");
      body.append(...rows.slice(at, at + TOGETHER));
      bodies.push(body);
    }
    for (const body of [...table.tBodies]) body.remove();
    table.append(...bodies);
  };

  const tables = new Map();
  for (const table of document.querySelectorAll("table")) {
    const state = { rows: [...table.rows].filter((row) => row.parentElement.tagName === "TBODY"), keep: () => true };
    state.refresh = () => {
      const kept = state.rows.filter(state.keep);
      show(table, kept);
      return kept.length;
    };
    tables.set(table, state);
    if (state.rows.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const isDown = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
        const isNumber = head.dataset.sort === "n";
        const keyed = state.rows.map((row) => [key(row, column, isNumber), row]);
        keyed.sort(([left], [right]) => {
          if (isNothing(left) || isNothing(right)) return compare(left, right);
          return isDown ? compare(right, left) : compare(left, right);
        });
        state.rows = keyed.map(([, row]) => row);
        state.refresh();
      });
    });
  }

  const inventory = document.getElementById("table-inventory");
  const search = document.querySelector(".search");
  if (!inventory || !search) return;
  search.hidden = false;
  const state = tables.get(inventory);
  const words = document.getElementById("q");
  const shown = document.getElementById("shown");
  const filters = ["s", "t", "e"].map((name) => [name, document.getElementById(`f-${name}`)]);
  const texts = new Map();
  const text = (row) => {
    if (!texts.has(row)) texts.set(row, `${row.textContent} ${row.id}`.toLowerCase());
    return texts.get(row);
  };
  const say = (count) => {
    shown.textContent = `${count} of ${state.rows.length} identities`;
  };
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    state.keep = (row) =>
      filters.every(([name, filter]) => !filter.value || row.dataset[name] === filter.value) &&
      (wanted.length === 0 || wanted.every((word) => text(row).includes(word)));
    say(state.refresh());
  };
  let waiting = 0;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  for (const [, filter] of filters) filter.addEventListener("change", apply);
  say(state.rows.length);

  // A link to an identity that the search has put out of sight brings all of them back.
  for (const link of document.querySelectorAll('a[href^="#i-"]')) {
    link.addEventListener("click", () => {
      if (document.getElementById(link.hash.slice(1))) return;
      words.value = "";
      for (const [, filter] of filters) filter.value = "";
      apply();
    });
  }
})();
