"""Two statements put together as one Lean text in which one is assumed and the other is to be proved.

Both statements are hostile until Lean has spoken: they are screened, cut out by the parser (their own proofs
and attributes never reach Lean) and put under names that neither text can hold. Where their helpers are the
same they stand once, before both; where they differ each stands in a namespace with its statement, and what
would reach out of a namespace is refused, lest one side's helper change what the other side says.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from cramf.check.safety import screen, screen_candidate
from cramf.check.verdict import Candidate
from cramf.evaluation.equivalence.ladder import Rung
from cramf.formalize.theorem import read_theorem
from cramf.lean.commands import DECLARATION_KEYWORDS, SourceText, split_commands
from cramf.lean.parser import parse_file

__all__ = ["AbstainError", "Assembled", "Pair", "Prepared", "RefusedError", "prepare"]

_THEOREMS = frozenset({"theorem", "lemma"})
_UNPROVED = frozenset({"sorry", "admit", "sorryAx"})
_LAST_PART = re.compile(r"(?:(?P<before>.+)\.)?(?:«[^»]*»|[^.«»]+)")
# Substrings, not words: refusing a harmless name costs an answer, and missing one would cost its truth.
_REACHES_OUT = re.compile(
    r"(?<!local )(?<!scoped )(?:instance|notation3?|infix[lr]?|prefix|postfix)|"
    r"attribute|deriving|unif_hint|export|_root_|recall|library_note|grind_pattern"
)
_ATTRIBUTES = re.compile(r"@\[([^\]]*)\]")
_HARMLESS = frozenset("simp ext reducible inline irreducible norm_cast push_cast nolint mk_iff simps".split())


class AbstainError(Exception):
    """Why nothing can be said of a pair, in one line."""


class RefusedError(AbstainError):
    """A text of the pair may not be given to Lean."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two Lean statements, each one theorem, under one header; `helper_…` are definitions before each."""

    header: str
    helper_a: str
    a: str
    helper_b: str
    b: str


@dataclass(frozen=True, slots=True)
class _Side:
    """One statement in pieces: what opens and closes its own namespace, and its theorem."""

    opening: str
    closing: str
    path: str
    prefix: str
    namespace: str
    fresh: str
    tail: str
    conclusion: str

    @property
    def declared(self) -> str:
        """The name as it stands after `theorem`."""
        return f"{self.namespace}.{self.fresh}" if self.namespace else self.fresh

    @property
    def reference(self) -> str:
        """The name by which the other side can refer to it."""
        if self.namespace.startswith("_root_"):
            return self.declared
        return f"{self.path}{self.declared}"

    def theorem(self, proof: str) -> str:
        return f"{self.prefix}theorem {self.declared}{self.tail} := by{proof}"


@dataclass(frozen=True, slots=True)
class Assembled:
    """A text for Lean, and where in it (line from 1, column from 0) things stand.

    `names` are the places of the two theorems' names, side a first (None for one that is not there); `goal`
    is the side (0 or 1) that is to be proved, `fresh` and `assumed` are the names without their namespaces;
    `proof` and `asked` the lines of the proof that is tried and of the question for its axioms, (0, 0) and 0
    where there are none. `parts` are the first and last line of each side.
    """

    text: str
    names: tuple[tuple[int, int] | None, tuple[int, int] | None]
    parts: tuple[tuple[int, int], tuple[int, int]]
    script: str = ""
    proof: tuple[int, int] = (0, 0)
    asked: int = 0
    fresh: str = ""
    assumed: str = ""
    goal: int = 0


class _Text:
    """Lines of a text that is being written."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def next(self) -> int:
        """Number of the line that is written next."""
        return len(self._lines) + 1

    def write(self, text: str) -> tuple[int, int]:
        """Append whole lines, nothing for an empty text; their first and last number."""
        first = self.next
        if text:
            self._lines += text.split("\n")
        return first, len(self._lines)

    def __str__(self) -> str:
        return "\n".join(self._lines)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pair that may be given to Lean."""

    header: str
    shared: str
    sides: tuple[_Side, _Side]

    def statements(self) -> Assembled:
        """Both theorems with `sorry`: whether they elaborate at all."""
        text = _Text()
        text.write(self.shared)
        names, parts = [], []
        for side in self.sides:
            place, part, _ = _write(text, side, " sorry")
            names.append(place)
            parts.append(part)
        return Assembled(str(text), (names[0], names[1]), (parts[0], parts[1]))

    def attempt(self, goal: int, rung: Rung, preamble: tuple[str, ...] = ()) -> Assembled:
        """The theorem of side `goal` (0 or 1) with the proof of a rung, after the other one with `sorry`.

        The last line asks for the proof's axioms.
        """
        proved, assumed = self.sides[goal], self.sides[1 - goal]
        script = self.script(goal, rung, preamble)
        text = _Text()
        text.write(self.shared)
        places: list[tuple[int, int] | None] = [None, None]
        parts = [(0, 0), (0, 0)]
        if not rung.alone:
            places[1 - goal], parts[1 - goal], _ = _write(text, assumed, " sorry")
        indented = "".join(f"\n  {line}" for line in script.split("\n"))
        # Asked where the theorem stands, so that its name needs no path; printed with its whole name.
        question = f"set_option pp.fullNames true in #print axioms {proved.declared}"
        place, part, (_, last) = _write(text, proved, indented, question)
        places[goal], parts[goal] = place, part
        proof = (last - script.count("\n"), last)
        return Assembled(
            str(text),
            (places[0], places[1]),
            (parts[0], parts[1]),
            script,
            proof,
            last + 1,
            proved.fresh,
            assumed.fresh,
            goal,
        )

    def script(self, goal: int, rung: Rung, preamble: tuple[str, ...] = ()) -> str:
        """The tactics of a rung for side `goal`, one a line and without indentation."""
        assumed = self.sides[1 - goal]
        tactics = rung.tactics.replace("{assumed}", assumed.reference)
        tactics = tactics.replace("{conclusion}", assumed.conclusion)
        return "\n".join([*(preamble if rung.preamble else ()), tactics])


def _write(
    text: _Text, side: _Side, proof: str, question: str = ""
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Write one side; the place of its theorem's name, its lines, and the lines of its theorem."""
    begin = text.next
    text.write(side.opening)
    before = text.next
    lines = text.write(side.theorem(proof))
    line = before + side.prefix.count("\n")
    text.write(question)
    text.write(side.closing)
    return (line, len("theorem ")), (begin, text.next - 1), lines


# -- reading -----------------------------------------------------------------------------------------------


def prepare(pair: Pair) -> Prepared:
    """The pair in pieces.

    Raises:
        RefusedError: where a text may not be given to Lean.
        AbstainError: where a text is not one theorem, or the helpers cannot be kept apart.
    """
    screened = [_screened(pair, side) for side in "ab"]
    cut = [_cut(candidate, side) for candidate, side in zip(screened, "ab", strict=True)]
    fresh = _fresh(pair)
    helpers = [helper for helper, *_ in cut]
    together = helpers[0].split() == helpers[1].split()
    sides = []
    for number, (helper, prefix, namespace, tail, conclusion) in enumerate(cut):
        letter = "ab"[number]
        opening, closing, path = "", "", ""
        if not together and helper:
            _check_kept(helper, letter)
            space = f"Cramf{fresh}{letter}"
            opened = _open_scopes(helper)
            opening = f"namespace {space}\n{helper}"
            closing = "\n".join(f"end {name}".rstrip() for _, name in reversed([("", space), *opened]))
            path = ".".join([space, *(name for kind, name in opened if kind == "namespace")]) + "."
        name = f"cramf_{fresh}_{letter}"
        sides.append(_Side(opening, closing, path, prefix, namespace, name, tail, conclusion))
    shared = helpers[0] if together else ""
    prepared = Prepared(screened[0].header, shared, (sides[0], sides[1]))
    # Once more as one text, since pieces that are harmless apart might join.
    whole = screen(f"{prepared.header}\n\n{prepared.statements().text}", header=True)
    if whole.refusals:
        raise RefusedError(f"not given to Lean: {whole.refusals[0]}")
    return prepared


def _screened(pair: Pair, side: str) -> Candidate:
    helper, statement = (pair.helper_a, pair.a) if side == "a" else (pair.helper_b, pair.b)
    safe, refused = screen_candidate(Candidate(f"side_{side}", pair.header, statement, helper))
    if refused:
        first = refused[0]
        raise RefusedError(f"{side}: not given to Lean: {first.message} (`{first.name}`)")
    return safe


def _fresh(pair: Pair) -> str:
    """Letters that stand in no text of the pair: the same for the same pair, and not to be foreseen in it."""
    texts = (pair.header, pair.helper_a, pair.a, pair.helper_b, pair.b)
    number = 0
    while True:
        data = "\0".join((str(number), *texts)).encode(errors="surrogatepass")
        fresh = hashlib.sha256(data).hexdigest()[:20]
        if not any(fresh in text for text in texts):
            return fresh
        number += 1


def _cut(candidate: Candidate, side: str) -> tuple[str, str, str, str, str]:
    """Helper, scoping prefix, namespace in the name, text after the name, and conclusion of a statement."""
    text = candidate.statement
    source = SourceText.read(text)
    tokens = source.tokens
    commands = list(split_commands(source))
    theorems = [number for number, raw in enumerate(commands) if tokens[raw.keyword].text in _THEOREMS]
    if len(theorems) != 1:
        raise AbstainError(f"{side}: the text holds {len(theorems)} theorems instead of one")
    found = read_theorem(text)
    if found is None or source.errors:
        raise AbstainError(f"{side}: the theorem's name and statement cannot be read")
    own = theorems[0]
    if commands[0].start > 0:
        raise AbstainError(f"{side}: something unreadable stands before the first command")
    if any(tokens[raw.keyword].text != "end" for raw in commands[own + 1 :]):
        raise AbstainError(f"{side}: something stands after the theorem")
    first = own
    while first and commands[first - 1].scoped_in:
        first -= 1
    pieces = [text[tokens[raw.start].start : tokens[raw.end - 1].end] for raw in commands[:own]]
    prefix = "".join(f"{piece}\n" for piece in pieces[first:])
    helper = "\n\n".join(part for part in (candidate.helper.strip(), *pieces[:first]) if part)
    words = {token.text for token in tokens[found.name + 1 : found.stop]}
    if hidden := sorted(words & (DECLARATION_KEYWORDS | _UNPROVED)):
        raise AbstainError(f"{side}: `{hidden[0]}` stands within the theorem's statement")
    name = _LAST_PART.fullmatch(tokens[found.name].text)
    if name is None:
        raise AbstainError(f"{side}: the theorem's name cannot be read")
    tail = text[tokens[found.name].end : tokens[found.stop - 1].end]
    begin, stop = found.goal
    if stop <= begin:
        raise AbstainError(f"{side}: the theorem states nothing")
    conclusion = _hanging(text[tokens[begin].start : tokens[stop - 1].end])
    return helper, prefix, name["before"] or "", tail, conclusion


def _hanging(text: str) -> str:
    """A term with its later lines indented below the tactic that it stands in, their own shape kept."""
    first, *rest = text.split("\n")
    filled = [line for line in rest if line.strip()]
    least = min((len(line) - len(line.lstrip()) for line in filled), default=0)
    return "\n".join([first, *(f"      {line[least:]}" for line in filled)])


def _open_scopes(helper: str) -> list[tuple[str, str]]:
    """Kind and name of the namespaces and sections that a helper leaves open, outermost first."""
    opened: list[tuple[str, str]] = []
    for command in parse_file(helper).commands:
        if command.kind in ("namespace", "section", "mutual"):
            opened.append((command.kind, command.names[0] if command.names else ""))
        elif command.kind == "end" and opened:
            opened.pop()
    return opened


def _check_kept(helper: str, side: str) -> None:
    """Refuse what in a helper would have an effect outside of its namespace."""
    found = _REACHES_OUT.search(" ".join(helper.split()))
    if found is not None:
        raise AbstainError(
            f"{side}: the helpers differ and `{found.group()}` in this one would change the other side too"
        )
    for names in _ATTRIBUTES.findall(helper):
        for entry in names.split(","):
            name = (entry.split() or [""])[0]
            if name not in _HARMLESS:
                raise AbstainError(
                    f"{side}: the helpers differ and the attribute `{name}` would change the other side too"
                )
