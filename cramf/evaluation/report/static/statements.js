// The list of statements: filtered, sorted, a page at a time.
const PAGE = 50;
const several = listing.runs.length > 1;
const size = listing.names.length;
const list = document.getElementById("list");
const search = document.getElementById("search");
const state = { page: 0, found: [], open: new Set() };
const controls = [];
let haystack = null;

function control(label, options, accept) {
  const id = `select-${document.getElementById("selects").childElementCount}`;
  const select = el("select", { id }, options.map(([value, text]) => el("option", { value }, text)));
  document.getElementById("selects").append(el("span", { class: "control" }, el("label", { for: id }, label), select));
  if (accept) controls.push({ select, accept });
  select.addEventListener("change", update);
  return select;
}

function counted(values, labels) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts.keys()].sort((a, b) => a - b).map((value) => [`${value}`, `${labels[value]} (${counts.get(value).toLocaleString("en")})`]);
}

function buildControls() {
  listing.runs.forEach((run, place) => {
    const options = counted(listing.outcome[place], listing.outcomes);
    const accept = (number, value) => listing.outcome[place][number] === Number(value);
    control(several ? `Outcome in ${run}` : "Outcome", [["", "any"], ...options], accept);
  });
  if (listing.splits.length > 1) {
    const labels = listing.splits.map((split) => split || "(none)");
    control("Split", [["", "any"], ...counted(listing.split, labels)], (number, value) => listing.split[number] === Number(value));
  }
  if (listing.categories.length) {
    const all = [];
    for (let number = 0; number < size; number += 1) {
      all.push(...new Set(listing.category.flatMap((run) => run[number])));
    }
    const accept = (number, value) => listing.category.some((run) => run[number].includes(Number(value)));
    control("Category", [["", "any"], ...counted(all, listing.categories)], accept);
  }
  const flags = new Set(listing.flags.flatMap((run) => run.flatMap((own) => own.map(Math.abs))));
  for (const flag of [...flags].sort()) {
    const accept = (number, value) => listing.flags.some((run) => run[number].includes(Number(value)));
    const name = listing.flag_names[flag - 1];
    control(name[0].toUpperCase() + name.slice(1), [["", "any"], [`${flag}`, "yes"], [`${-flag}`, "no"]], accept);
  }
  if (several) {
    const box = el("input", { type: "checkbox", id: "differ" });
    box.addEventListener("change", update);
    document.getElementById("selects").append(el("label", { class: "check" }, box, "Only where the runs differ"));
    controls.push({ box, accept: (number) => listing.differ[number] === 1 });
  }
  const value = listing.kind === "retrieval" ? "share of gold names found" : "similarity";
  const sorts = [["data", "order of the data"], ["name", "name"], ["outcome", "outcome"]];
  if (listing.value.some((run) => run.some((each) => each !== null))) {
    sorts.push(["low", `${value}, lowest first`], ["high", `${value}, highest first`]);
    if (several) sorts.push(["apart", `${value}, furthest apart first`]);
  }
  if (listing.ms.some((run) => run.some((each) => each !== null))) sorts.push(["slow", "slowest first"]);
  return control("Sort by", sorts, null);
}

const sorting = buildControls();

// A name sorts as people number exercises, so that 2 stands before 10.
const collator = new Intl.Collator("en", { numeric: true });
const least = (number) => Math.min(...listing.value.map((run) => run[number] ?? Infinity));
const most = (number) => Math.max(...listing.value.map((run) => run[number] ?? -Infinity));
const slowest = (number) => Math.max(...listing.ms.map((run) => run[number] ?? -Infinity));
const apart = (number) => (Number.isFinite(most(number)) && Number.isFinite(least(number)) ? most(number) - least(number) : -1);
const by = (key) => (a, b) => { const [x, y] = [key(a), key(b)]; return x < y ? -1 : x > y ? 1 : 0; };
const ORDERS = {
  data: null,
  name: (a, b) => collator.compare(listing.names[a], listing.names[b]),
  outcome: (a, b) => listing.outcome[0][a] - listing.outcome[0][b],
  low: by(least),
  high: by((number) => -most(number)),
  apart: by((number) => -apart(number)),
  slow: by((number) => -slowest(number)),
};

function words() {
  return search.value.toLowerCase().split(/\s+/u).filter((word) => word);
}

function update() {
  const wanted = words();
  if (wanted.length && haystack === null) {
    haystack = listing.names.map((name, number) => `${name}\n${listing.statements[number]}`.toLowerCase());
  }
  const active = controls.filter(({ select, box }) => (select ? select.value !== "" : box.checked));
  const found = [];
  for (let number = 0; number < size; number += 1) {
    if (!active.every(({ select, accept }) => accept(number, select ? select.value : ""))) continue;
    if (wanted.every((word) => haystack[number].includes(word))) found.push(number);
  }
  const order = ORDERS[sorting.value];
  if (order) found.sort(order);
  state.found = found;
  state.page = 0;
  render();
}

function pageCount() {
  return Math.max(1, Math.ceil(state.found.length / PAGE));
}

function render() {
  const from = state.page * PAGE;
  const shown = state.found.slice(from, from + PAGE);
  state.open.clear();
  list.replaceChildren(...shown.map(item));
  list.setAttribute("start", from + 1);
  const all = size.toLocaleString("en");
  const found = state.found.length.toLocaleString("en");
  const text = state.found.length === size ? `${all} statements` : `${found} of ${all} statements`;
  document.getElementById("count").textContent = shown.length
    ? `${text}, shown: ${(from + 1).toLocaleString("en")} to ${(from + shown.length).toLocaleString("en")}`
    : `${text}: none fits the search and the filters`;
  renderPages();
}

function renderPages() {
  const nav = document.getElementById("pages");
  if (pageCount() < 2) { nav.replaceChildren(); return; }
  const button = (text, page) => {
    const made = el("button", { type: "button", disabled: page < 0 || page >= pageCount() || page === state.page }, text);
    made.addEventListener("click", () => turn(page));
    return made;
  };
  nav.replaceChildren(
    button("First", 0), button("Previous", state.page - 1),
    el("span", {}, `Page ${state.page + 1} of ${pageCount()}`),
    button("Next", state.page + 1), button("Last", pageCount() - 1),
  );
}

function turn(page, last = false) {
  if (page < 0 || page >= pageCount()) return;
  state.page = page;
  render();
  const rows = rowsShown();
  const row = rows[last ? rows.length - 1 : 0];
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function rowsShown() {
  return [...list.querySelectorAll(".row")];
}

function item(number) {
  const tags = listing.runs.flatMap((run, place) => {
    const outcome = listing.outcomes[listing.outcome[place][number]];
    const title = [several ? run : "", listing.notes[place][number]].filter((text) => text).join(": ");
    const share = outcome === "some found" ? ` ${Math.round(100 * listing.value[place][number])}%` : "";
    const yes = listing.flags[place][number].filter((flag) => flag > 0).map(flagBadge);
    const own = [badge(outcome + share, TONES.get(outcome), title), ...yes];
    return several ? [el("span", { class: "own" }, el("span", { class: "unseen" }, `${run}: `), own)] : own;
  });
  const row = el("button", { type: "button", class: "row", "aria-expanded": "false", "data-number": `${number}` },
    el("span", { class: "name" }, listing.names[number]),
    el("span", { class: "snippet" }, listing.statements[number].slice(0, 240).replace(/\s+/gu, " ")),
    el("span", { class: "badges" }, tags));
  row.addEventListener("click", () => toggle(row));
  return el("li", {}, el("h3", {}, row));
}

function toggle(row) {
  const number = Number(row.dataset.number);
  const entry = row.closest("li");
  if (row.getAttribute("aria-expanded") === "true") {
    entry.querySelector(".details").remove();
    row.setAttribute("aria-expanded", "false");
    row.removeAttribute("aria-controls");
    state.open.delete(number);
    return;
  }
  const id = `details-${number}`;
  entry.append(el("div", { class: "details", id, role: "region", "aria-label": `Details of ${listing.names[number]}` }, detailsOf(number)));
  row.setAttribute("aria-expanded", "true");
  row.setAttribute("aria-controls", id);
  state.open.add(number);
}

let typing = null;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(update, 60);
});
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filters").addEventListener("reset", () => setTimeout(update, 0));
update();
