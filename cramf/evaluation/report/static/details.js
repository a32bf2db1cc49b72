// What is shown of one statement when it is opened.
const TONES = new Map(listing.outcomes.map((name, number) => [name, listing.tones[number]]));

function detailsOf(number) {
  const found = detail(number);
  const box = [];
  const shown = listing.statements[number];
  if (shown && shown !== found.formal) box.push(el("h4", {}, "Informal statement"), el("p", { class: "statement" }, shown));
  const checked = listing.kind === "check";
  if (found.formal && !checked) {
    box.push(el("h4", {}, "Reference"), code(parts(found.header, found.helper, found.formal), []));
  }
  const facts = [];
  if (found.place) facts.push(`from ${found.place}`);
  if (found.expected !== undefined) facts.push(`the reference is known ${found.expected ? "" : "not "}to elaborate`);
  if (found.human !== undefined) facts.push(`people found it ${found.human ? "" : "not "}faithful`);
  if (facts.length) box.push(el("p", { class: "quiet" }, facts.join("; ")));
  const several = listing.runs.length > 1;
  const columns = found.runs.map((run, place) => {
    const column = el("section", { "aria-label": listing.runs[place] });
    if (several) column.append(el("h4", {}, listing.runs[place]));
    column.append(...runDetails(run, found, number, place));
    return column;
  });
  box.push(el("div", { class: several ? "columns" : "column" }, columns));
  return box;
}

function runDetails(run, found, number, place) {
  if (run === null) return [el("p", { class: "quiet" }, "This statement is not in this run.")];
  if (run.pending) return [el("p", { class: "quiet" }, "There is no answer yet.")];
  const box = [];
  const note = listing.notes[place][number];
  if (run.failure) {
    box.push(el("p", {}, badge(`failed: ${run.failure.kind}`, "bad"), " ", run.failure.message));
    if (run.failure.mend) box.push(el("p", { class: "quiet" }, run.failure.mend));
  } else if (listing.kind === "retrieval") box.push(...retrieval(run, found, note));
  else if (listing.kind === "check") {
    box.push(...verdict(run), code(parts(found.header, found.helper, found.formal), run.diagnostics || []));
    box.push(...diagnostics(run.diagnostics || []), ...folded("Declarations that it uses", run.resolved && names(run.resolved)));
  } else box.push(...formalized(run, found, place, number));
  const spent = Object.entries(run.ms || {}).map(([name, value]) => `${name} ${value.toLocaleString("en")} ms`);
  if (spent.length) box.push(el("p", { class: "quiet" }, `Time: ${spent.join(", ")}`));
  return box;
}

function folded(title, ...inside) {
  const there = inside.flat().filter((each) => each);
  return there.length ? [el("details", {}, el("summary", {}, title), there)] : [];
}

function names(list) {
  return el("ul", { class: "names" }, list.map((name) => el("li", { class: "mono" }, name)));
}

function tableOf(label, columns, rows) {
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${label}` },
    el("table", {},
      el("thead", {}, el("tr", {}, columns.map((column) => el("th", { scope: "col" }, column)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, place) =>
        place ? el("td", {}, cell) : el("th", { scope: "row" }, cell)))))),
  );
}

// -- Retrieval

function retrieval(run, found, note) {
  const gold = found.gold || [];
  const box = [];
  if (note) box.push(el("p", {}, note));
  if (gold.length) {
    const chief = Object.keys(run.top || {});
    const missing = new Set(run.missing || []);
    const rank = (arm, place) => rankBadge((run.ranks[arm] || [])[place], missing.has(gold[place]));
    box.push(el("h4", {}, "Gold names and their ranks"));
    box.push(tableOf("ranks of the gold names", ["Gold name", ...chief], gold.map((name, place) =>
      [el("span", { class: "mono" }, name), ...chief.map((arm) => rank(arm, place))])));
    const rest = Object.keys(run.ranks || {}).filter((arm) => !chief.includes(arm));
    if (rest.length) {
      box.push(...folded(`The ranks of ${rest.length} other arms`, tableOf("ranks of other arms", ["Arm", ...gold],
        rest.map((arm) => [arm, ...gold.map((_, place) => rank(arm, place))]))));
    }
  } else box.push(el("p", { class: "quiet" }, found.gold === undefined ? "The data say no gold names." : "It has no gold names."));
  box.push(...evidence("Evidence: the first definitions of the full arm", run.hits || [], new Set(gold)));
  for (const [arm, list] of Object.entries(run.top || {})) {
    box.push(...folded(`First names of ${arm}`, el("ol", { class: "names" }, list.map((name) =>
      el("li", { class: "mono" }, name, gold.includes(name) ? [" ", badge("gold", "good")] : null)))));
  }
  return box;
}

function rankBadge(rank, missing) {
  if (rank) return badge(`${rank}`, rank <= 10 ? "good" : "middling");
  return missing ? badge("not in the index", "bad") : badge("not found", "bad");
}

function evidence(title, hits, gold) {
  if (!hits.length) return [];
  const channels = hits.some((hit) => hit.channels);
  const rows = hits.map((hit, place) => [
    `${place + 1}`,
    el("span", { class: "definition" }, el("span", { class: "mono" }, hit.name), gold.has(hit.name) ? [" ", badge("gold", "good")] : null),
    figureText(hit.score, 3),
    ...(channels ? [Object.entries(hit.channels || {}).map(([name, score]) => `${name} ${score}`).join(", ")] : []),
    hit.votes ? el("span", {}, hit.votes.flatMap(([theorem, similarity], at) =>
      [at ? ", " : "", el("span", { class: "mono" }, theorem), ` ${similarity}`])) : "–",
  ]);
  return [el("h4", {}, title), tableOf(title, ["Rank", "Definition", "Score", ...(channels ? ["Channels"] : []), "Similar theorems"], rows)];
}

// -- Formalizing

function formalized(run, found, place, number) {
  const box = [];
  const flags = listing.flags[place][number].map(flagBadge);
  const value = listing.value[place][number];
  if (value !== null) flags.push(el("span", { class: "quiet" }, `similarity to the reference ${figureText(value, 3)}`));
  if (flags.length) box.push(el("p", {}, flags.flatMap((each) => [each, " "])));
  const attempts = run.attempts || [];
  attempts.forEach((attempt, index) => {
    // A cluster has a number of its own; its first attempt is what the later ones repeat.
    const same = attempt.cluster === undefined ? index : attempts.findIndex((each) => each.cluster === attempt.cluster);
    box.push(attemptBox(attempt, index, index === run.chosen, attempts.length, same));
  });
  if (run.stopped) box.push(el("p", { class: "quiet" }, `No further round: ${run.stopped}.`));
  box.push(...evidence("Evidence: the definitions that were given", run.definitions || [], new Set(found.gold || [])));
  if (run.steps && run.steps.length) {
    box.push(el("h4", {}, "Trace"), el("ol", { class: "steps" }, run.steps.map(stepItem)));
  }
  return box;
}

function flagBadge(flag) {
  const name = listing.flag_names[Math.abs(flag) - 1];
  return flag > 0 ? badge(name, "good") : badge(`not ${name}`, "plain");
}

function attemptBox(attempt, index, chosen, count, same) {
  const about = [`round ${attempt.round}`];
  if (attempt.mends !== undefined) about.push(`mends attempt ${attempt.mends}`);
  if (same !== index) about.push(`says the same as attempt ${same}`);
  const box = el("section", { class: chosen ? "attempt chosen" : "attempt" },
    el("h5", {}, `Attempt ${index}`, chosen && count > 1 ? badge("chosen", "plain") : null, el("span", { class: "quiet" }, about.join(", "))));
  const made = attempt.candidate;
  const said = (attempt.verdict && attempt.verdict.diagnostics) || [];
  if (attempt.verdict) box.append(...verdict(attempt.verdict));
  if (made) box.append(code(parts(made.header, made.helper, made.statement), said));
  box.append(...diagnostics(said));
  if (attempt.abstention) {
    box.append(el("p", {}, badge("abstained", "middling"), " ", attempt.abstention.reason || ""));
    if (attempt.abstention.text) box.append(el("p", { class: "statement mono" }, attempt.abstention.text));
  }
  if (attempt.notes) box.append(el("ul", { class: "quiet" }, attempt.notes.map((note) => el("li", {}, note))));
  if (attempt.verdict) box.append(...folded("Declarations that it uses", attempt.verdict.resolved && names(attempt.verdict.resolved)));
  return box;
}

function stepItem(step) {
  const taken = [];
  if (step.tokens) taken.push(`${step.tokens.prompt} + ${step.tokens.completion} tokens`);
  if (step.cost) taken.push(`$${step.cost.toFixed(4)}`);
  return el("li", {}, el("strong", {}, step.kind), ` (round ${step.round})`, taken.length ? `, ${taken.join(", ")}` : "",
    step.outputs && step.outputs.length ? `: ${step.outputs.join("; ")}` : "",
    (step.failures || []).map((failure) => el("div", {}, badge("failed", "bad"), " ", failure)));
}

// -- Lean text and what a checker says of it

function verdict(found) {
  const status = (found.status || "").replaceAll("_", " ");
  const by = `${found.checker}${found.elaborated ? ", elaborated by Lean" : ", not elaborated by Lean"}`;
  return [el("p", {}, badge(status, TONES.get(status)), " ", found.detail || "", " ", el("span", { class: "quiet" }, `(${by})`))];
}

function diagnostics(list) {
  if (!list.length) return [];
  return [el("ol", { class: "diagnostics" }, list.map((one) => {
    const place = one.line === undefined ? "" : ` ${one.part}, line ${one.line}${one.column === undefined ? "" : `, column ${one.column}`}`;
    const tone = one.severity === "error" ? "bad" : one.severity === "warning" ? "middling" : "plain";
    const instead = one.suggestions ? el("div", { class: "quiet" }, "instead: ", el("span", { class: "mono" }, one.suggestions.join(", "))) : null;
    return el("li", {}, badge((one.category || one.severity).replaceAll("_", " "), tone), " ", one.message || "",
      el("span", { class: "quiet" }, place), instead);
  }))];
}

function parts(header, helper, statement) {
  return [["header", header], ["helper", helper], ["statement", statement]].filter(([, text]) => text && text.trim());
}

function code(segments, said) {
  return el("div", { class: "code" }, segments.flatMap(([part, text]) => [
    el("div", { class: "part" }, part),
    el("pre", {}, marked(text.replaceAll("\r\n", "\n").trimEnd(), spansOf(part, said))),
  ]));
}

// Lines count from 1 and columns from 0, in code points, as in cramf.check.verdict.Diagnostic.
function spansOf(part, said) {
  return said.flatMap((one, number) => {
    if (one.line === undefined || (one.part || "statement") !== part) return [];
    const column = one.column || 0;
    const length = one.name ? Array.from(one.name).length : 1;
    const endLine = one.end_line === undefined ? one.line : one.end_line;
    const end = one.end_column === undefined ? column + length : one.end_column;
    return [{ number: number + 1, line: one.line, column, endLine, end }];
  });
}

function marked(text, spans) {
  if (!spans.length) return [text];
  const out = [];
  text.split("\n").forEach((line, index, lines) => {
    const signs = Array.from(line);
    const here = spans.filter((span) => span.line <= index + 1 && index + 1 <= span.endLine).map((span) => ({
      number: span.line === index + 1 ? span.number : null,
      from: Math.min(span.line === index + 1 ? span.column : 0, signs.length),
      to: Math.min(span.endLine === index + 1 ? span.end : signs.length, signs.length),
    }));
    const cuts = [...new Set([0, signs.length, ...here.flatMap((span) => [span.from, Math.max(span.from, span.to)])])].sort((a, b) => a - b);
    cuts.forEach((from, at) => {
      const starting = here.filter((span) => span.number !== null && span.from === from).map((span) => span.number);
      if (starting.length) out.push(el("sup", {}, starting.join(",")));
      const to = cuts[at + 1];
      if (to === undefined) return;
      const piece = signs.slice(from, to).join("");
      out.push(here.some((span) => span.from <= from && to <= span.to) ? el("mark", {}, piece) : piece);
    });
    if (index < lines.length - 1) out.push("\n");
  });
  return out;
}
