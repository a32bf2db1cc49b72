// Elements are made of text nodes only: no data is ever read as mark-up.
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== "") made.append(child);
  }
  return made;
}

function readJson(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

let table = null;
// The inverse of the packing in embedding.py: `~12` stands for a text of the table, `~~` for a tilde.
function unpacked(value) {
  if (typeof value === "string") {
    if (value[0] !== "~") return value;
    return value[1] === "~" ? value.slice(1) : table[Number(value.slice(1))];
  }
  if (Array.isArray(value)) return value.map(unpacked);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unpacked(inner)]));
  }
  return value;
}

const pieces = new Map();
function detail(number) {
  if (table === null) table = readJson("texts");
  const piece = Math.floor(number / listing.piece);
  if (!pieces.has(piece)) pieces.set(piece, readJson(`piece-${piece}`));
  return unpacked(pieces.get(piece)[number % listing.piece]);
}

function badge(text, tone, title) {
  return el("span", { class: `badge ${tone || "plain"}`, title: title || null }, text);
}

function figureText(value, digits) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

const listing = readJson("listing");
