"""Declarations that attributes and commands make, by the naming rule of each.

Every rule names the file that it is read from; `@[simps]` has a module of its own, and the twins of
`to_additive` and `to_dual` are made by `cramf.knowledge.linking`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cramf.lean.brackets import Tokens, bracket_end, top_level
from cramf.lean.lexer import TokenKind, tokenize

__all__ = [
    "Attribute",
    "Made",
    "expand_attributes",
    "made_by_attributes",
    "made_by_command",
    "parse_attribute",
]

_TRANSLATIONS = frozenset({"to_additive", "to_dual"})
_DATA = frozenset({"structure", "class"})
_KIND_WORDS = frozenset({"local", "scoped"})


@dataclass(frozen=True, slots=True)
class Made:
    """A generated declaration: full name, the rule that makes it, and the kind it has.

    `source` is the declaration that it is made from; `translated_by` holds the `to_additive` and
    `to_dual` entries that apply to it as well, so that it has a twin by the usual guess.
    """

    name: str
    rule: str
    source: str
    kind: str = "theorem"
    translated_by: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One entry of `@[…]`: its name, the words after it, and the entries of its `(attr := …)`."""

    name: str
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    nested: tuple[Attribute, ...] = ()


def _tokens(text: str) -> Tokens:
    kept = (t for t in tokenize(text)[0] if t.kind >= TokenKind.DOC and t.kind != TokenKind.ERROR)
    return Tokens(kept)


@lru_cache(maxsize=1 << 12)
def parse_attribute(entry: str) -> Attribute | None:
    """An attribute entry such as `reassoc (attr := simp) foo`; None where it has no name."""
    tokens = _tokens(entry)
    index = 0
    while index < len(tokens) and tokens[index].text in _KIND_WORDS:
        index += 1
    if index >= len(tokens) or tokens[index].kind != TokenKind.IDENTIFIER:
        return None
    name = tokens[index].text
    arguments: list[str] = []
    options: list[str] = []
    nested: list[Attribute] = []
    for position in top_level(tokens, index + 1, len(tokens)):
        token = tokens[position]
        if token.text == "(":
            close = bracket_end(tokens, position, len(tokens))
            inner = entry[token.end : tokens[close].start].strip()
            if re.match(r"attr\s*:=", inner):
                nested += expand_entries(inner.partition(":=")[2])
            else:
                options.append(inner)
        elif token.kind in (TokenKind.IDENTIFIER, TokenKind.NUMBER):
            # `-fullyApplied` and `+zetaDelta` are options, as is what stands in a docstring's place.
            before = tokens[position - 1]
            if before.text in ("-", "+") and before.end == token.start:
                options.append(f"{before.text}{token.text}")
            else:
                arguments.append(token.text)
        elif token.text in ("!", "?", "!?", "?!") and token.start == tokens[position - 1].end:
            name += token.text
    return Attribute(name, tuple(arguments), tuple(options), tuple(nested))


def expand_entries(text: str) -> list[Attribute]:
    """Comma-separated entries, parsed."""
    tokens = _tokens(text)
    commas = [tokens[i].start for i in top_level(tokens, 0, len(tokens)) if tokens[i].text == ","]
    ends = [*commas, len(text)]
    begins = [0, *(comma + 1 for comma in commas)]
    parsed = (parse_attribute(text[b:e]) for b, e in zip(begins, ends, strict=True))
    return [attribute for attribute in parsed if attribute is not None]


def expand_attributes(entries: Iterable[str]) -> list[tuple[str, str]]:
    """Attribute entries with those of nested `(attr := …)` options, as name and argument text.

    All of them apply to the declaration that carries the outermost one, except those inside `simps`,
    which apply to what it makes (Mathlib/Tactic/Simps/Basic.lean).
    """
    found: list[tuple[str, str]] = []

    def add(attributes: Iterable[Attribute]) -> None:
        for attribute in attributes:
            found.append((attribute.name, " ".join((*attribute.options, *attribute.arguments))))
            if not attribute.name.startswith("simps"):
                add(attribute.nested)

    add(a for entry in entries if (a := parse_attribute(entry)) is not None)
    return found


def made_by_attributes(
    name: str,
    kind: str,
    entries: Iterable[str],
    namespace: str = "",
    simps: Callable[[str, Attribute], Iterable[str]] | None = None,
    twin: Callable[[str, str], str | None] = lambda _rule, _name: None,
) -> list[Made]:
    """Declarations that the attributes of `name` make, those made from made ones among them.

    Args:
        name: full name of the declaration.
        kind: its keyword (`structure`, `class`, `theorem`, `def`, …).
        entries: its attributes as written, or those of an `attribute […] name` command.
        namespace: the current one, in which `mk_iff foo` declares `foo`.
        simps: full names that a `simps` entry makes; without it that attribute makes nothing.
        twin: full name that `to_additive` or `to_dual` (the first argument) gives to a declaration. The
            attributes inside their `(attr := …)` apply to it as well; where it is not known, what they
            make says so in `translated_by`.
    """
    attributes = [a for entry in entries if (a := parse_attribute(entry)) is not None]
    found: dict[str, Made] = {}
    for made in _Applier(namespace, simps, twin).apply(name, kind, attributes, ()):
        found.setdefault(made.name, made)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Applier:
    """Applies attributes to declarations, the made ones too."""

    namespace: str
    simps: Callable[[str, Attribute], Iterable[str]] | None
    twin: Callable[[str, str], str | None]

    def apply(
        self, name: str, kind: str, attributes: Iterable[Attribute], translated: tuple[Attribute, ...]
    ) -> Iterator[Made]:
        for attribute in attributes:
            base = attribute.name.rstrip("!?")
            if base in _TRANSLATIONS:
                # `to_additive (attr := A)` gives A to both (Mathlib/Tactic/Translate/Core.lean).
                twin = self.twin(base, name)
                further = translated if twin else (*translated, attribute)
                yield from self.apply(name, kind, attribute.nested, further)
                if twin:
                    yield from self.apply(twin, kind, attribute.nested, translated)
                continue
            related = _RELATED.get(base)
            if base == "simps" and self.simps is not None:
                names = list(self.simps(name, attribute))
            elif related is not None:
                names = [related(name, attribute)]
            else:
                names = _single(base, name, kind, attribute, self.namespace)
            twins = [a for a in attribute.nested if a.name.rstrip("!?") in _TRANSLATIONS]
            if "+to_dual" in attribute.options:
                twins.append(Attribute("to_dual"))  # Mathlib/Tactic/CategoryTheory/Reassoc.lean
            for made in names:
                sort = "instance" if base == "use_set_notation_for_order" else "theorem"
                yield Made(made, base, name, sort, (*translated, *twins))
                # Mathlib/Util/AddRelatedDecl.lean: nested attributes go to the new one and to the source.
                yield from self.apply(made, "theorem", attribute.nested, translated)
            if related is not None:
                yield from self.apply(name, kind, attribute.nested, translated)


def _split(name: str) -> tuple[str, str]:
    prefix, _, last = name.rpartition(".")
    return prefix, last


def _join(prefix: str, last: str) -> str:
    return f"{prefix}.{last}" if prefix else last


def _to_fun(name: str, attribute: Attribute) -> str:
    """Mathlib/Tactic/ToFun.lean: `fun_` in front, or a given name in place of as many last parts."""
    prefix, last = _split(name)
    if not attribute.arguments:
        return _join(prefix, f"fun_{last}")
    given = attribute.arguments[0]
    if given.startswith("_root_."):
        return given.removeprefix("_root_.")
    parts = name.split(".")
    return _join(".".join(parts[: max(0, len(parts) - given.count(".") - 1)]), given)


def _suffixed(suffix: str) -> Callable[[str, Attribute], str]:
    return lambda name, _: f"{name}{suffix}"


# Attributes that go through Mathlib's `addRelatedDecl`: Mathlib/Tactic/CategoryTheory/{Reassoc,
# Elementwise,ToApp}.lean and Mathlib/Tactic/ToFun.lean.
_RELATED: dict[str, Callable[[str, Attribute], str]] = {
    "reassoc": _suffixed("_assoc"),
    "elementwise": _suffixed("_apply"),
    "to_app": _suffixed("_app"),
    "to_fun": _to_fun,
}


def _single(base: str, name: str, kind: str, attribute: Attribute, namespace: str) -> list[str]:
    """Names made by the attributes that pass nothing on."""
    prefix, last = _split(name)
    given = attribute.arguments[0] if attribute.arguments else ""
    if base == "ext":
        return _ext(name, kind, attribute)
    if base == "mk_iff":
        # Mathlib/Tactic/MkIffOfInductiveProp.lean: a given name is declared in the current namespace.
        if given:
            rooted = given.startswith("_root_.")
            return [given.removeprefix("_root_.") if rooted else _join(namespace, given)]
        return [_join(prefix, f"{last[:1].lower()}{last[1:]}_iff")]
    if base == "higher_order":
        # Mathlib/Tactic/HigherOrder.lean: `foo'`, or the given last part beside `foo`.
        return [_join(prefix, given.rpartition(".")[2]) if given else f"{name}'"]
    if base == "alias_in" and given:
        # Mathlib/Util/AliasIn.lean: the innermost namespaces are replaced by the given ones.
        parts, inside = name.split("."), given.split(".")
        numbers = [int(a) for a in attribute.arguments[1:] if a.isdigit()]
        replaced = numbers[0] if numbers else len(inside)
        kept = parts[: max(0, len(parts) - 1 - replaced)]
        return [".".join((*kept, *inside, parts[-1]))]
    if base == "use_set_notation_for_order":
        return [f"{name}.instUsesSetNotationForOrder"]  # Mathlib/Tactic/SetNotationForOrder.lean
    return []


def _ext(name: str, kind: str, attribute: Attribute) -> list[str]:
    """Lean/Elab/Tactic/Ext.lean: `Foo.ext` for a structure, and an iff form unless it is declined.

    A `local ext` makes the iff form for good: `Complex.ext_iff` comes from one.
    """
    declined = any(re.fullmatch(r"iff\s*:=\s*false", option) for option in attribute.options)
    theorem = f"{name}.ext" if kind in _DATA else name
    made = [theorem] if kind in _DATA else []
    return made if declined else [*made, f"{theorem}_iff"]


_SIMPROCS = frozenset({"simproc", "dsimproc", "simproc_decl", "dsimproc_decl", "cbv_simproc"})


def made_by_command(keyword: str, text: str, namespace: str = "") -> list[Made]:
    """Declarations that a command other than a plain declaration makes.

    `irreducible_def foo` (Mathlib/Tactic/IrreducibleDef.lean) proves `foo_def` or the name of its
    `(lemma := …)`; `mk_iff_of_inductive_prop I r` proves `r`, a full name; `simproc foo (…)` declares
    `foo`. `text` is the command from its keyword on.
    """
    words = [t.text for t in _tokens(text[text.find(keyword) :]) if t.kind == TokenKind.IDENTIFIER]
    if len(words) < 2 or words[0] != keyword:
        return []
    if keyword == "irreducible_def":
        source = _join(namespace, words[1])
        given = re.search(r"\(\s*lemma\s*:=\s*([^\s)]+)\s*\)", text)
        made = _join(namespace, given.group(1)) if given else f"{source}_def"
        return [Made(made, keyword, source)]
    if keyword == "mk_iff_of_inductive_prop" and len(words) > 2:
        return [Made(words[2], "mk_iff", words[1])]
    if keyword in _SIMPROCS:
        name = _join(namespace, words[1])
        return [Made(name, "simproc", name, "def")]
    return []
