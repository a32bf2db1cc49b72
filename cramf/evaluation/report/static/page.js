// Keys, colours and the help.
const help = document.getElementById("help");
document.getElementById("help-open").addEventListener("click", () => help.showModal());

function move(step) {
  const rows = rowsShown();
  const at = rows.indexOf(document.activeElement.closest("#list > li")?.querySelector(".row"));
  const next = at < 0 ? 0 : at + step;
  if (next >= rows.length) turn(state.page + 1);
  else if (next < 0) turn(state.page - 1, true);
  else rows[next].focus();
}

function closeDetails() {
  const entry = document.activeElement.closest("#list > li") || list.querySelector("li:has(> .details)");
  const row = entry && entry.querySelector('.row[aria-expanded="true"]');
  if (!row) return false;
  toggle(row);
  row.focus();
  return true;
}

const KEYS = {
  "/": () => { search.focus(); search.select(); },
  j: () => move(1),
  k: () => move(-1),
  n: () => turn(state.page + 1),
  p: () => turn(state.page - 1),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
  const inList = document.activeElement.classList.contains("row");
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape" && event.target === search) {
      // The first press empties the search, which the browser does itself; the next one leaves it.
      if (search.value) { event.preventDefault(); search.value = ""; update(); } else search.blur();
    } else if (event.key === "Enter" && event.target === search) {
      event.preventDefault();
      update();
      rowsShown()[0]?.focus();
    }
    return;
  }
  if (event.key === "Escape") { if (closeDetails()) event.preventDefault(); return; }
  const act = inList && event.key === "ArrowDown" ? KEYS.j : inList && event.key === "ArrowUp" ? KEYS.k : KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

const THEMES = { auto: "as the system has them", dark: "dark", light: "light" };
const themeButton = document.getElementById("theme");
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  themeButton.querySelector("span").textContent = theme;
  themeButton.setAttribute("aria-label", `Colours: ${THEMES[theme]}`);
}
function storedTheme() {
  // A browser may refuse storage to a file.
  try { return localStorage.getItem("cramf-report-theme"); } catch { return null; }
}
let theme = storedTheme() in THEMES ? storedTheme() : "auto";
setTheme(theme);
themeButton.addEventListener("click", () => {
  const order = Object.keys(THEMES);
  theme = order[(order.indexOf(theme) + 1) % order.length];
  setTheme(theme);
  try { localStorage.setItem("cramf-report-theme", theme); } catch { /* it holds for this visit */ }
});
window.addEventListener("beforeprint", () => { delete document.documentElement.dataset.theme; });
window.addEventListener("afterprint", () => setTheme(theme));
