"""What an index knows of one name: the declaration, how it came to be, and what replaces it today."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from cramf.knowledge.core_names import CORE_EXPORTS
from cramf.knowledge.generated.structures import reserved_source
from cramf.knowledge.notations import main_token
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Declaration, Kind, Notation
from cramf.knowledge.vocabulary import Vocabulary

__all__ = ["Found", "Lookup", "Target"]

_TWINS = frozenset({"to_additive", "to_dual"})
_OWNED = frozenset({"structure", "inductive"})
_MEMBERS = frozenset({Kind.FIELD, Kind.CONSTRUCTOR})
_WORDS = {
    "written": "written",
    "attested": "attested in Mathlib's text (Lean core, Std or Batteries)",
    "core": "declared by Lean core, Std or Batteries",
    "instance": "anonymous instance, under the name that Lean gives it",
    "instance (guessed)": "anonymous instance, under the name that Lean probably gives it",
}
# Equations and induction principles are made for what has a body; Lean has none for a theorem.
_WITH_BODY = frozenset({Kind.DEF, Kind.ABBREV, Kind.IRREDUCIBLE_DEF, Kind.INSTANCE, Kind.ATTESTED})
_FOR_ALL = re.compile(r"(?:match_\d+(?:\.\w+)?|congr_simp)\Z")
_QUOTED = re.compile("«([^«»]*)»")
_LONGEST = 300
"""Characters of the longest name that is compared with others; the longest of Mathlib has 131."""


@dataclass(frozen=True, slots=True)
class Target:
    """The declaration that a name stands for in the end."""

    name: str
    kind: str
    module: str | None
    line: int | None
    signature: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one name. What is unknown is None.

    `kind`, `module`, `line` and the like tell of the name itself where it has a declaration, and of what
    it stands for where an `export` made it; for notation, `module` and `line` are those of the notation
    command. `resolved` is the full name in the end, every alias and deprecation followed; `target` is its
    declaration where that is another one than the name's own.
    """

    name: str
    found: bool
    resolved: str | None = None
    how: str | None = None
    kind: str | None = None
    module: str | None = None
    line: int | None = None
    signature: str | None = None
    origin: str | None = None
    deprecated: str | None = None
    """Replacement as the index has it, "" where there is none; None for a name that is not deprecated."""
    since: str | None = None
    namespace: str | None = None
    attributes: tuple[str, ...] = ()
    target: Target | None = None
    alternatives: tuple[str, ...] = ()
    """Other declarations that a notation can stand for."""
    dependencies: tuple[str, ...] | None = None
    """Declarations that the statement uses; None where they were not asked for or there is no statement."""
    nearest: tuple[str, ...] = ()
    """Names spelt like one that was not found."""


class Lookup:
    """Answers names from a vocabulary; one instance serves many.

    Args:
        vocabulary: the names, aliases and notation.
        signature: signature of a declaration, "" where it is not known.
        dependencies: what the statement of a declaration uses.
        in_module: names of the declarations of a module.
        nearest: real names spelt like an unknown one.
        core: declarations of Lean's own libraries, asked for when a name is nowhere else.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        signature: Callable[[str], str] = lambda _: "",
        dependencies: Callable[[str], tuple[str, ...]] = lambda _: (),
        in_module: Callable[[str], Iterable[str]] = lambda _: (),
        nearest: Callable[[str], tuple[str, ...]] = lambda _: (),
        core: Callable[[], Mapping[str, Declaration]] = dict,
    ) -> None:
        self._declarations = vocabulary.declarations
        self._aliases = vocabulary.aliases
        self._table = vocabulary.notation_table
        self._signature = signature
        self._dependencies = dependencies
        self._in_module = in_module
        self._nearest = nearest
        self._core = core
        self._places = lru_cache(maxsize=512)(self._read_places)

    @classmethod
    def over(
        cls,
        base: KnowledgeBase,
        nearest: Callable[[str], tuple[str, ...]] = lambda _: (),
        core: Callable[[], Mapping[str, Declaration]] = dict,
    ) -> Lookup:
        """Lookup in an index; tables are read when a name first needs them.

        Raises:
            KnowledgeBaseError: here or in `find`, where a table is damaged.
        """
        rows = base.declarations
        return cls(
            base.vocabulary(),
            base.signature,
            base.dependencies,
            lambda module: rows.names_where("module", module),
            nearest,
            core,
        )

    def find(self, asked: str, dependencies: bool = False) -> Found:
        """What is known of a name, or of the literal of a notation.

        White space around it, `_root_.` and «quotes» are allowed. `dependencies` asks for these too.
        """
        asked = asked.strip()
        name = self._known(asked)
        if name is not None:
            found = self._named(asked, name)
        else:
            found = (
                self._notation(asked) or self._of_core(asked) or self._reserved(asked) or self._missing(asked)
            )
        if dependencies and found.resolved is not None:
            subject = name if name is not None and name in self._declarations else found.resolved
            if subject in self._declarations:
                found = replace(found, dependencies=self._dependencies(subject))
        return found

    def _known(self, asked: str) -> str | None:
        """The spelling under which the index has a name."""
        return next((s for s in _spellings(asked) if s in self._declarations or s in self._aliases), None)

    def _named(self, asked: str, name: str) -> Found:
        origin = ""
        words: list[str] = []
        subject = name
        if name not in self._declarations:
            origin = "export"
            subject = self._alias_end(name)
            space = subject.rpartition(".")[0]
            by = "exported by Lean core from" if CORE_EXPORTS.get(name) == subject else "exported from"
            words.append(f"{by} {space}" if space else f"another name of {subject}")
        declaration = self._declarations.get(subject)
        if declaration is None:
            return Found(asked, True, subject, "; ".join(words), origin=origin)
        resolved = self._present(subject)
        if not words and (declaration.origin != "written" or declaration.deprecated is None):
            words.append(self._how(declaration))
        if declaration.deprecated is not None:
            words.append(self._deprecation(declaration, resolved, "" if subject == name else subject))
        return Found(
            asked,
            True,
            resolved,
            "; ".join(words),
            declaration.kind.value,
            declaration.module or None,
            declaration.line or None,
            self._signature(subject) or None,
            origin or declaration.origin,
            declaration.deprecated,
            declaration.since,
            declaration.namespace,
            declaration.attributes,
            None if resolved == name else self._target(resolved),
            tuple(n for n in self._meanings(asked) if n not in (name, resolved)),
        )

    def _deprecation(self, declaration: Declaration, resolved: str, subject: str) -> str:
        """Since when, and what to use; `subject` where it is not the name that was asked for."""
        since = f" since {declaration.since}" if declaration.since else ""
        text = f"{subject} is deprecated{since}" if subject else f"deprecated{since}"
        if not declaration.deprecated:
            return f"{text}, without a replacement"
        text += f", use {declaration.deprecated}"
        if self._known(declaration.deprecated) is None:
            return f"{text}, which the index does not have"
        following = self._known(declaration.deprecated)
        return text if resolved in (declaration.deprecated, following) else f"{text}, which is now {resolved}"

    def _alias_end(self, name: str) -> str:
        """What an exported name stands for."""
        seen = {name}
        while name not in self._declarations:
            following = self._aliases.get(name)
            if following is None or following in seen:
                break
            seen.add(following)
            name = following
        return name

    def _present(self, name: str) -> str:
        """The declaration to use today: replacements followed as far as the index has them, once each."""
        seen = {name}
        while True:
            declaration = self._declarations.get(name)
            following = declaration and declaration.deprecated and self._known(declaration.deprecated)
            if not following:
                return name
            following = self._alias_end(following)
            if following in seen or following not in self._declarations:
                return name
            seen.add(following)
            name = following

    def _target(self, name: str) -> Target | None:
        found = self._declarations.get(name)
        if found is None:
            return None
        signature = self._signature(name) or None
        return Target(name, found.kind.value, found.module or None, found.line or None, signature)

    def _how(self, declaration: Declaration) -> str:
        origin = declaration.origin
        if origin in _WORDS:
            return _WORDS[origin]
        if origin in _OWNED:
            owner = self._owner(declaration.name)
            return f"made by the {owner.kind.value} {owner.name}" if owner else f"made by a {origin}"
        source = self._source(declaration)
        if origin in _TWINS:
            return f"{origin} of {source}" if source else f"made by {origin}"
        return f"made by {origin} for {source}" if source else f"made by {origin}"

    def _owner(self, name: str) -> Declaration | None:
        """The type that a member's namespace belongs to."""
        while name := name.rpartition(".")[0]:
            found = self._declarations.get(name)
            if found is not None and found.kind not in _MEMBERS:
                return found
        return None

    def _source(self, declaration: Declaration) -> str:
        """What a made declaration comes from: it stands in the same line; "" where several could be."""
        beside = [d for d in self._beside(declaration) if d.origin != declaration.origin]
        if declaration.origin in _TWINS:
            beside = [d for d in beside if d.kind is declaration.kind and d.origin not in _TWINS]
            return beside[0].name if len(beside) == 1 else ""
        sources = [d for d in beside if d.origin == "written" or d.origin in _TWINS]
        fitting = [d.name for d in sources if declaration.name.startswith(d.name)]
        if fitting:
            return max(fitting, key=len)
        written = [d.name for d in sources if d.origin == "written"]
        return written[0] if len(written) == 1 else ""

    def _beside(self, declaration: Declaration) -> list[Declaration]:
        """Other declarations of the same module and line."""
        same = self._places(declaration.module).get(declaration.line, ())
        return [d for d in same if d.name != declaration.name]

    def _read_places(self, module: str) -> dict[int, list[Declaration]]:
        places: dict[int, list[Declaration]] = defaultdict(list)
        for name in self._in_module(module):
            declaration = self._declarations[name]
            places[declaration.line].append(declaration)
        return dict(places)

    @cached_property
    def _literals(self) -> dict[str, list[Notation]]:
        """Literals to the notation commands that they occur in; those that they tell apart come first."""
        main: dict[str, list[Notation]] = defaultdict(list)
        other: dict[str, list[Notation]] = defaultdict(list)
        for notation in self._table:
            chief = main_token(notation.tokens)
            if chief:
                main[chief].append(notation)
            for literal in {token.strip() for token in notation.tokens} - {chief}:
                # Brackets and commas tell nothing of a notation.
                if main_token((literal,)):
                    other[literal].append(notation)
        return {literal: main.get(literal, []) + other.get(literal, []) for literal in {**main, **other}}

    def _meanings(self, literal: str) -> tuple[str, ...]:
        notations = self._literals.get(literal, ())
        return tuple(dict.fromkeys(n.declarations[0] for n in notations if n.declarations))

    def _notation(self, asked: str) -> Found | None:
        notations = self._literals.get(asked)
        if not notations:
            return None
        notation = next((n for n in notations if n.declarations), notations[0])
        meanings = self._meanings(asked)
        first = meanings[0] if meanings else None
        resolved = self._present(first) if first is not None else None
        core = notation.keyword == "core"
        words = ["notation of Lean core or Mathlib's syntax" if core else f"made by `{notation.keyword}`"]
        words.append(f"for {first}" if first is not None else "for what the index cannot tell")
        if notation.scope:
            words.append(f"after `open scoped {notation.scope}`")
        target = self._target(resolved) if resolved is not None else None
        return Found(
            asked,
            True,
            resolved,
            " ".join(words),
            Kind.NOTATION.value,
            notation.module or None,
            notation.line or None,
            target.signature if target is not None else None,
            "notation",
            namespace=notation.scope,
            target=target,
            alternatives=tuple(n for n in meanings if n not in (first, resolved)),
        )

    def _of_core(self, asked: str) -> Found | None:
        """A name of Lean's own libraries that Mathlib's text never writes out."""
        declarations = self._core()
        declaration = next((declarations[s] for s in _spellings(asked) if s in declarations), None)
        if declaration is None:
            return None
        name, replacement = declaration.name, declaration.deprecated
        how = _WORDS["core"]
        if replacement is not None:
            how += (
                f"; deprecated, use {replacement}" if replacement else "; deprecated, without a replacement"
            )
        return Found(
            asked,
            True,
            replacement or name,
            how,
            declaration.kind.value,
            declaration.module or None,
            None,
            declaration.signature or None,
            "core",
            replacement,
            namespace=declaration.namespace,
            target=self._target(replacement) if replacement else None,
        )

    def _reserved(self, asked: str) -> Found | None:
        """A name that Lean makes on demand for a declaration that there is."""
        for spelling in _spellings(asked):
            written = reserved_source(spelling)
            source = self._known(written) if written else None
            if written is None or source is None:
                continue
            subject = self._alias_end(source)
            declaration = self._declarations.get(subject)
            if declaration is None:
                continue
            part = spelling[len(written) + 1 :]
            if declaration.kind not in _WITH_BODY and not _FOR_ALL.match(part):
                continue
            return Found(
                asked,
                True,
                f"{subject}.{part}",
                f"made by Lean for {subject}",
                (Kind.DEF if re.fullmatch(r"match_\d+", part) else Kind.THEOREM).value,
                declaration.module or None,
                declaration.line or None,
                origin="reserved",
                namespace=declaration.namespace,
            )
        return None

    def _missing(self, asked: str) -> Found:
        nearest = self._nearest(_plain(asked)) if 0 < len(asked) <= _LONGEST else ()
        return Found(asked, False, nearest=nearest)


def _plain(asked: str) -> str:
    return _QUOTED.sub(r"\1", asked.removeprefix("_root_."))


def _spellings(asked: str) -> Iterator[str]:
    """A name as asked, without `_root_.`, without quotes, and with its last part quoted."""
    yield asked
    whole = asked.removeprefix("_root_.")
    yield whole
    plain = _plain(asked)
    yield plain
    prefix, dot, last = plain.rpartition(".")
    yield f"{prefix}{dot}«{last}»"
