"""Rules about arguments: more than a name can take, or plainly of another kind than it asks for.

Types are known by their heads alone, so only what no coercion and no unification can mend is told: a real
number where a natural one is asked for, a filter where a set is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cramf.check.static_names import NameRules, Scene
from cramf.check.verdict import Diagnostic
from cramf.knowledge.resolution import Place
from cramf.knowledge.types import Kind
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.brackets import Tokens, top_level
from cramf.lean.heads import type_head
from cramf.lean.lexer import scan
from cramf.lean.occurrences import Occurrence, Role
from cramf.lean.scope import Context
from cramf.lean.signatures import read_signature

__all__ = ["ArgumentRules"]

_UNREAD = frozenset({Kind.CONSTRUCTOR, Kind.RECURSOR, Kind.ALIAS, Kind.ATTESTED, Kind.INSTANCE})
_TYPES = frozenset({Kind.STRUCTURE, Kind.CLASS, Kind.INDUCTIVE, Kind.CLASS_INDUCTIVE})
_RANK = {"Nat": 0, "Int": 1, "Rat": 2, "Real": 3, "Complex": 4}
"""Numbers coerce to those of a higher rank and never to those of a lower one."""
_NUMBERS = frozenset(_RANK)
_PLAIN = _NUMBERS | {"Bool", "String", "Prop", "NNReal", "ENNReal", "ENat", "EReal", "Char"}
"""Types whose values are never applied to anything."""
_COLLECTIONS = frozenset(
    """
    Set Finset Filter Polynomial Ideal Subgroup AddSubgroup Submodule Matrix Multiset List Subring Subfield
    Subalgebra IntermediateField TopologicalSpace MeasureTheory.Measure Submonoid PowerSeries MvPolynomial
    """.split()
)
_NO_SETS = frozenset(
    "Polynomial Matrix Filter List Multiset PowerSeries MvPolynomial MeasureTheory.Measure".split()
)
_WITH_NUMERALS = frozenset("Polynomial Matrix Ideal PowerSeries MvPolynomial Submodule Subalgebra".split())
_NOT_OF_NUMBERS = _COLLECTIONS | {"→"}
_NO_FUNCTIONS = _COLLECTIONS - {"Set", "Matrix", "MeasureTheory.Measure"}
"""Collections that a function never passes for."""
_KIND = re.compile(r"\?(?P<name>.+)\((?P<count>\d+)\)")


@dataclass(frozen=True, slots=True)
class _Function:
    """What a declaration takes: the head of each explicit parameter's type, and whether that is all."""

    parameters: tuple[str, ...]
    required: int
    """How many of them have no default."""
    closed: bool
    result: str


class ArgumentRules:
    """Judges the arguments of identifiers whose declaration is known."""

    def __init__(
        self, vocabulary: Vocabulary, names: NameRules, unsure: frozenset[str] = frozenset()
    ) -> None:
        """`unsure` are declarations whose use in Mathlib contradicts the signature as it was read."""
        self._vocabulary = vocabulary
        self._names = names
        self._unsure = unsure
        self._functions: dict[str, _Function | None] = {}

    def judge(self, occurrence: Occurrence, place: Place, scene: Scene) -> Iterator[Diagnostic]:
        """Diagnostics of the arguments of one identifier that was found to mean something."""
        if occurrence.role is not Role.NAME or occurrence.explicit:
            return
        if not occurrence.arguments and not occurrence.alone:
            return
        if scene.knows(occurrence.text, place.context):
            return
        name = self._meaning(occurrence.text, place)
        function = self._function(name) if name else None
        if function is None:
            return
        allowed = len(function.parameters)
        if occurrence.alone and not occurrence.arguments:
            if function.required and function.result == "Sort":
                yield scene.text.diagnostic(
                    f"`{name}` alone is no type: it needs {_counted(function.required)}",
                    "type_mismatch",
                    occurrence.start,
                    occurrence.start + len(occurrence.text),
                    occurrence.text,
                )
            return
        if function.closed and len(occurrence.arguments) > allowed:
            yield scene.text.diagnostic(
                f"`{name}` takes {_counted(allowed)}, and here are {len(occurrence.arguments)}",
                "function_expected",
                occurrence.start,
                occurrence.start + len(occurrence.text),
                occurrence.text,
            )
            return
        for number, (asked, kind) in enumerate(zip(function.parameters, occurrence.kinds, strict=False), 1):
            given = self._given(kind, place) if asked and kind else ""
            if given and incompatible(asked, given):
                yield scene.text.diagnostic(
                    f"argument {number} of `{name}` is a `{given}`, and it asks for a `{asked}`",
                    "type_mismatch",
                    occurrence.start,
                    occurrence.start + len(occurrence.text),
                    occurrence.text,
                    self._alike(occurrence.text, name, given),
                )
                return

    def _alike(self, text: str, name: str, given: str) -> tuple[str, ...]:
        """The function of the same last name for the type that was given: `Real.sqrt` for `Nat.sqrt`."""
        last = name.rpartition(".")[2]
        other = f"{given}.{last}"
        return (other,) if other != name and other in self._vocabulary.declarations else ()

    def _meaning(self, word: str, place: Place) -> str:
        """The one declaration that an identifier or a notation token means, or ""."""
        found = place.found.get(word)
        if found is None:
            found = place.found[word] = self._names.table.resolve_longest(word, place.context)
        names, rest = found
        if names:
            return names[0] if len(names) == 1 and not rest else ""
        meant = self._names.notation_meaning(word, place)
        return meant[0] if len(meant) == 1 else ""

    def _given(self, kind: str, place: Place) -> str:
        """Full name of the head of an argument's type, or ""."""
        call = _KIND.fullmatch(kind)
        if call is None:
            return "→" if kind == "→" else self._names.resolver.head(kind, place)
        name = self._meaning(call["name"], place)
        function = self._function(name) if name else None
        if function is None:
            return ""
        count = int(call["count"])
        if function.required <= count <= len(function.parameters):
            return function.result
        return "→" if count < function.required else ""

    # -- signatures ------------------------------------------------------------------------------------------

    def _function(self, name: str) -> _Function | None:
        if name not in self._functions:
            self._functions[name] = self._read(name)
        return self._functions[name]

    def _read(self, name: str) -> _Function | None:
        text = self._vocabulary.signature(name)
        declaration = self._vocabulary.declarations.get(name)
        if not text or declaration is None or declaration.kind in _UNREAD or name in self._unsure:
            return None
        signature = read_signature(text)
        bound = {n for p in signature.parameters for n in p.names}
        space = name.rpartition(".")[0] or declaration.namespace
        place = Place(Context(space, (), ()), declaration.module, self._names.table)
        # A projection of a structure takes it first, which its signature leaves out; a class is found.
        owner = self._vocabulary.declarations.get(name.rpartition(".")[0])
        field = declaration.kind is Kind.FIELD and owner is not None and owner.kind is not Kind.CLASS
        heads = [owner.name] if field and owner is not None else []
        required = len(heads)
        for parameter in signature.parameters:
            if parameter.kind == "explicit":
                asked, default, _ = parameter.type.partition(":=")
                heads += [self._head(asked, bound, place)] * max(1, len(parameter.names))
                required += 0 if default else max(1, len(parameter.names))
        *steps, last = _arrows(signature.result)
        if any("{" in step or "[" in step or "∀" in step for step in steps) or "∀" in last:
            return _Function(tuple(heads), required, False, "")
        heads += [self._head(step, bound, place) for step in steps]
        required += len(steps)
        if last.startswith(("Type", "Sort")) or last == "Prop":
            return _Function(tuple(heads), required, True, "Sort")
        if not last and declaration.kind in _TYPES:
            return _Function(tuple(heads), required, True, "Sort")
        result = self._head(last, bound, place) if last else self._vocabulary.head(name) if not steps else ""
        return _Function(tuple(heads), required, result in _PLAIN, result)

    def _head(self, text: str, bound: set[str], place: Place) -> str:
        tokens = Tokens(scan(text)[0])
        head = type_head(tokens, 0, len(tokens))
        if head in ("→", "->"):
            return "→"
        if not head or head.partition(".")[0] in bound:
            return ""
        return self._names.resolver.head(head, place)


def _counted(number: int) -> str:
    return f"{number} explicit argument{'' if number == 1 else 's'}"


def _arrows(text: str) -> list[str]:
    """The parts of a type between the arrows that no bracket encloses."""
    tokens = Tokens(scan(text)[0])
    parts: list[str] = []
    start = 0
    for index in top_level(tokens, 0, len(tokens)):
        if tokens[index].text in ("→", "->"):
            parts.append(text[start : tokens[index].start].strip())
            start = tokens[index].end
    parts.append(text[start:].strip())
    return parts


def incompatible(asked: str, given: str) -> bool:
    """Whether no value of the type `given` ever passes for one of the type `asked`."""
    if asked == given or not asked or not given:
        return False
    if asked in _NUMBERS and given in _NUMBERS:
        return _RANK[given] > _RANK[asked]
    if asked in _NUMBERS:
        return given in _COLLECTIONS or given == "→"
    if given in _NUMBERS:
        # Where there are numerals, `Nat.cast` makes one of a number.
        return asked in (_COLLECTIONS - _WITH_NUMERALS if given in ("Nat", "Int", "Rat") else _NOT_OF_NUMBERS)
    if asked == "→":
        return given in ("Filter", "TopologicalSpace", "Finset", "Ideal", "Subgroup", "Submodule", "List")
    if given == "→":
        return asked in _NO_FUNCTIONS
    if asked == "Set":
        return given in _NO_SETS
    if given == "Set":
        return asked in _COLLECTIONS
    return "Filter" in (asked, given) and {asked, given} <= _COLLECTIONS
