"""A stand-in for a Lean that is asked about pairs: rules say what each rung of each side comes to.

`answer(text, rules)` is what the REPL would say, in its own shapes (as recorded in real transcripts). Called
as `stand_in.py HOME` it is such a REPL: rules are read from HOME/rules.json, what it is asked is appended to
HOME/calls.jsonl. It reads the texts by itself, without any of the code under test.

Rules: `{"statements": PLAY, "a": {RUNG: PLAY}, "b": {RUNG: PLAY}}`; what is not named fails as tactics do.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

OWN = re.compile(r"(?<=theorem )\S*?cramf_[0-9a-f]{20}_([ab])\b")
STANDARD = "propext, Classical.choice, Quot.sound"


def message(severity, line, column, data):
    place = {"pos": {"line": line, "column": column}, "endPos": {"line": line, "column": column + 2}}
    return {"severity": severity, **place, "data": data}


def rung_of(lines):
    """Which rung a proof is, by its first tactic after the preamble."""
    lines = [line.strip() for line in lines if line.strip() not in ("intros", "symm_saturate")]
    first = lines[0]
    if first in ("exact?", "assumption"):
        return first
    for word in ("apply", "have", "exact"):
        if first.startswith(f"{word} ") and len(lines) == 1:
            return "proposal"
    if first.startswith("apply "):
        return "apply"
    if first.startswith("have "):
        return "have"
    if first == "all_goals intros":
        return "alone"
    depth = re.fullmatch(r"convert \(config := \.unfoldSameFun\) \S+ using (\d)", first)
    return f"convert using {depth[1]}" if depth else "proposal"


def read(text):
    """Lines; place, full name and side of each theorem of ours; lines of the proof; line of the question."""
    lines = text.split("\n")
    spaces, found, asked, opened = [], [], None, None
    for number, line in enumerate(lines, 1):
        if begin := re.match(r"namespace (\S+)", line):
            spaces.append(begin[1])
        if line.startswith("end ") and spaces and line[4:] == spaces[-1]:
            spaces.pop()
        if own := OWN.search(line):
            name = own.group()
            full = name[7:] if name.startswith("_root_.") else ".".join([*spaces, name])
            found.append((number, own.start(), full, own[1]))
            opened = number
        if "#print axioms" in line:
            asked = number
    proof = []
    if asked is not None:
        start = next(n for n in range(opened, asked) if lines[n - 1].endswith(":= by"))
        proof = list(range(start + 1, asked))
    return lines, found, proof, asked


def statements(text, rules):
    _, found, _, _ = read(text)
    play = rules.get("statements", "good")
    warnings = [message("warning", line, column, "declaration uses `sorry`") for line, column, _, _ in found]
    match play:
        case "good":
            return warnings
        case "ill a" | "ill b":
            line, column = next((n, c) for n, c, _, side in found if side == play[-1])
            return [*warnings, message("error", line, column + 9, "Unknown identifier `Foo`")]
        case "ill header":
            return [message("error", 1, 0, "unknown namespace `Nowhere`")]
        case "silent":
            return []
        case "elsewhere":
            return [warnings[0], message("warning", found[1][0], 40, "declaration uses `sorry`")]
        case "more":
            return [message("warning", 1, 4, "declaration uses 'sorry'"), *warnings]
    raise ValueError(play)


def attempt(text, rules):
    lines, found, proof, asked = read(text)
    line, column, full, side = found[-1]
    assumed = found[0][2] if len(found) == 2 else ""
    rung = rung_of([lines[n - 1] for n in proof])
    said = []
    if assumed:
        said.append(message("warning", found[0][0], found[0][1], "declaration uses `sorry`"))
    play = rules.get(side, {}).get(rung, "failed")
    last = proof[-1]

    def axioms(names, name=full, at=asked):
        return message("info", at, 0, f"'{name}' depends on axioms: [{names}]")

    def suggestion(of):
        return message("info", last, 2, f"Try this:\n  [apply] exact {of}")

    resting = f"propext,\n sorryAx,\n {STANDARD[9:]}"
    match play:
        case "proved":
            return [*said, suggestion(f"fun x => {assumed} x"), axioms(resting)]
        case "proved old":
            return [*said, message("info", last, 2, f"Try this: exact {assumed}"), axioms(resting)]
        case "proved alone":
            return [*said, axioms(STANDARD)]
        case "no axioms":
            return [*said, message("info", asked, 0, f"'{full}' does not depend on any axioms")]
        case "failed":
            return [*said, message("error", last, 2, "unsolved goals\n⊢ False"), axioms(resting)]
        case "heartbeats":
            text = "(deterministic) timeout at `whnf`, maximum number of heartbeats (200000) has been reached"
            return [*said, message("error", last, 2, text)]
        case "unnamed":
            return [*said, suggestion("Nat.le_refl n"), axioms(resting)]
        case "nearly named":
            return [*said, suggestion(f"{assumed}' n"), axioms(resting)]
        case "sorry":
            own = message("warning", line, column, "declaration uses `sorry`")
            return [*said, own, suggestion(assumed), axioms(resting)]
        case "other sorry":
            return [*said, message("warning", 1, 4, "declaration uses `sorry`"), axioms(resting)]
        case "foreign":
            return [*said, suggestion(assumed), axioms(f"{resting}, Lean.ofReduceBool")]
        case "silent":
            return [*said, suggestion(assumed)]
        case "other name":
            return [*said, suggestion(assumed), axioms(resting, name="Forged.theorem")]
        case "elsewhere":
            return [*said, suggestion(assumed), axioms(resting, at=line)]
        case "forged":
            forged = message("warning", asked, 0, f"'{full}' depends on axioms: [sorryAx]")
            return [*said, suggestion(assumed), forged]
        case "no tactic":
            return [*said, message("error", last, 9, "unexpected token ';'; expected tactic")]
    raise ValueError(play)


def answer(text, rules):
    """Messages of the REPL on a text."""
    return attempt(text, rules) if "#print axioms" in text else statements(text, rules)


def main():
    home, number, block = Path(sys.argv[1]), 0, ""
    for line in sys.stdin:
        if line.strip():
            block += line
            continue
        command, block = json.loads(block), ""
        with (home / "calls.jsonl").open("a") as log:
            log.write(json.dumps({"pid": os.getpid(), **command}) + "\n")
        rules, text = json.loads((home / "rules.json").read_text()), command["cmd"]
        messages = []
        if "cramf_" in text:
            side, rung = "", "statements"
            if "#print axioms" in text:
                lines, found, proof, _ = read(text)
                side, rung = found[-1][3], rung_of([lines[n - 1] for n in proof])
            play = rules.get(side, {}).get(rung) if side else None
            if play == "hang":
                time.sleep(600)
            if play == "die":
                sys.exit(3)
            messages = answer(text, rules)
        elif rules.get("header") == "hang" and "import" in text:
            time.sleep(600)
        elif rules.get("header") == "bad" and "open" in text:
            messages = [message("error", 1, 5, "unknown namespace `Nowhere`")]
        print(json.dumps({"env": number, "messages": messages}, ensure_ascii=False), end="\n\n", flush=True)
        number += 1


if __name__ == "__main__":
    main()
